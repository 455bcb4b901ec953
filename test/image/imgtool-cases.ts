// Every option of imgtool's `sign` with every value that its help names, and what a boot loader has to be for the image.

/** One command line of `sign`, beside the options that each has. Names of files are those of the table. */
export interface SignCase {
	/** Options of imgtool and of this tool. */
	readonly args: string;
	/** Options of the simulator, besides the key: the one that signs, or none. */
	readonly loader?: string;
	/** The image is for the slot that the device runs from, and is put there. */
	readonly primary?: true;
}

/** What each command line has besides. The slot is that of the default layout. */
export const BASIC = "--version 1.2.3+4 --header-size 0x200 --pad-header --slot-size 0x80000 --align 4";

export const SIGN_CASES: readonly SignCase[] = [
	{ args: "" },
	// Keys and hashes.
	{ args: "--key ed25519.pem" },
	{ args: "--key p256.pem" },
	{ args: "--key p384.pem" },
	{ args: "--key rsa2048.pem" },
	{ args: "--key rsa3072.pem" },
	{ args: "--sha auto" },
	{ args: "--sha 256" },
	{ args: "--sha 384", loader: "--sha 384" },
	{ args: "--sha 512", loader: "--sha 512" },
	{ args: "--sha auto --key p384.pem" },
	{ args: "--sha 256 --key ed25519.pem" },
	{ args: "--sha 512 --key ed25519.pem", loader: "--sha 512" },
	{ args: "--sha 256 --key p256.pem" },
	{ args: "--sha 384 --key p384.pem" },
	{ args: "--pure" },
	{ args: "--pure --key ed25519.pem", loader: "--pure" },
	{ args: "--public-key-format hash --key p256.pem" },
	{ args: "--public-key-format full --key ed25519.pem", loader: "--public-key-format full" },
	{ args: "--public-key-format full --key p256.pem", loader: "--public-key-format full" },
	{ args: "--public-key-format full --key p384.pem", loader: "--public-key-format full" },
	{ args: "--public-key-format full --key rsa2048.pem", loader: "--public-key-format full" },
	{ args: "--public-key-format full --key rsa3072.pem", loader: "--public-key-format full" },
	{ args: "--pad-sig" },
	{ args: "--pad-sig --key p256.pem" },
	{ args: "--pad-sig --key p384.pem" },
	{ args: "--sig-out sig.out --key ed25519.pem" },
	{ args: "--fix-sig sig.txt --fix-sig-pubkey ed25519.pem", loader: "--key ed25519.pem" },
	{ args: "--vector-to-sign payload" },
	{ args: "--vector-to-sign digest" },
	{ args: "--vector-to-sign payload --pure --key ed25519.pem" },
	{ args: "--vector-to-sign digest --pure --key ed25519.pem" },
	// What the image says of itself.
	{ args: "--security-counter 7", loader: "--downgrade-prevention counter" },
	{ args: "--security-counter auto", loader: "--downgrade-prevention counter" },
	{ args: "--dependencies (1,0.0.0)" },
	{ args: "--dependencies (1,9.0.0)" },
	{ args: "--boot-record CoFM" },
	{ args: "--boot-record CoFM --key p384.pem" },
	{ args: "--vid example.com", loader: "--vid example.com" },
	{ args: "--vid example.com --cid sensor", loader: "--vid example.com --cid sensor" },
	{ args: "--cid 00112233445566778899aabbccddeeff", loader: "--cid 00112233-4455-6677-8899-aabbccddeeff" },
	{ args: "--custom-tlv 0xa0 text" },
	{ args: "--custom-tlv 0xa1 0x0102" },
	{ args: "--custom-tlv-file 0xa2 tlv.bin" },
	{ args: "--load-addr 0x20000000", loader: "--mode ram-load --images 1" },
	{ args: "--rom-fixed 0x94000", loader: "--mode direct-xip" },
	{ args: "--rom-fixed 0x14000", loader: "--mode direct-xip" },
	{ args: "--non-bootable" },
	{ args: "--endian little" },
	{ args: "--endian big" },
	// Slot and trailer.
	{ args: "--align 1" },
	{ args: "--align 2" },
	{ args: "--align 4" },
	{ args: "--align 8", loader: "--layout align8.json" },
	{ args: "--align 16", loader: "--layout align16.json" },
	{ args: "--align 32", loader: "--layout align32.json" },
	{ args: "--pad" },
	{ args: "--pad --align 16", loader: "--layout align16.json" },
	{ args: "--pad --max-align 8" },
	{ args: "--pad --max-align 16", loader: "--layout align16.json" },
	{ args: "--pad --max-align 32", loader: "--layout align32.json" },
	{ args: "--test" },
	{ args: "--confirm" },
	{ args: "--confirm --overwrite-only", loader: "--mode overwrite" },
	{ args: "--overwrite-only", loader: "--mode overwrite" },
	{ args: "--max-sectors 64 --pad" },
	{ args: "--erased-val 0" },
	{ args: "--erased-val 0xff" },
	{ args: "--hex-addr 0x94000" },
	// Encryption and compression.
	{ args: "--encrypt x25519.pem", loader: "--encryption-key x25519.pem" },
	{ args: "--encrypt p256.pem --key p256.pem", loader: "--encryption-key p256.pem" },
	{ args: "--encrypt rsa2048.pem --key rsa2048.pem", loader: "--encryption-key rsa2048.pem" },
	{ args: "--encrypt x25519.pem --key ed25519.pem", loader: "--encryption-key x25519.pem" },
	{ args: "--encrypt x25519.pem --encrypt-keylen 128", loader: "--encryption-key x25519.pem" },
	{
		args: "--encrypt x25519.pem --encrypt-keylen 256",
		loader: "--encryption-key x25519.pem --encryption-key-length 256",
	},
	{ args: "--encrypt x25519.pem --hmac-sha auto", loader: "--encryption-key x25519.pem" },
	{ args: "--encrypt x25519.pem --hmac-sha 256", loader: "--encryption-key x25519.pem" },
	{ args: "--encrypt x25519.pem --hmac-sha 512", loader: "--encryption-key x25519.pem --hmac-sha 512" },
	{ args: "--encrypt x25519.pem --save-enctlv", loader: "--encryption-key x25519.pem" },
	{ args: "--encrypt x25519.pem --clear", loader: "--encryption-key x25519.pem", primary: true },
	{ args: "--clear" },
	{ args: "--compression disabled" },
	{ args: "--compression lzma2" },
	{ args: "--compression lzma2armthumb" },
];

/** A command line of another command, for both tools. */
export interface OtherCase {
	readonly args: string;
	/** What both have to agree on: the exit code, or all that they print and write as well. */
	readonly same: "status" | "output";
}

export const OTHER_CASES: readonly OtherCase[] = [
	{ args: "verify good.img", same: "status" },
	{ args: "verify --key p256.pem good.img", same: "status" },
	{ args: "verify --key ed25519.pem good.img", same: "status" },
	{ args: "verify --key p256.pem damaged.img", same: "status" },
	{ args: "keygen --key new.pem --type rsa-2048", same: "status" },
	{ args: "keygen --key new.pem --type rsa-3072", same: "status" },
	{ args: "keygen --key new.pem --type ecdsa-p256", same: "status" },
	{ args: "keygen --key new.pem --type ecdsa-p384", same: "status" },
	{ args: "keygen --key new.pem --type ed25519", same: "status" },
	{ args: "keygen --key new.pem --type x25519", same: "status" },
	{ args: "keygen --key new.pem --type ed25519 --password", same: "status" },
	{ args: "getpub --key p256.pem", same: "output" },
	{ args: "getpub --key p256.pem --encoding lang-c --name-suffix _2", same: "output" },
	{ args: "getpub --key p256.pem --encoding lang-rust", same: "output" },
	{ args: "getpub --key p256.pem --encoding pem", same: "output" },
	{ args: "getpub --key p256.pem --encoding raw --output new.bin", same: "output" },
	{ args: "getpub --key p256.pem --lang c", same: "output" },
	{ args: "getpub --key p256.pem --lang rust", same: "output" },
	{ args: "getpubhash --key p256.pem", same: "output" },
	{ args: "getpubhash --key p256.pem --encoding lang-c --name-suffix _2", same: "output" },
	{ args: "getpubhash --key p256.pem --encoding raw --output new.bin", same: "output" },
	{ args: "keyinfo --key p256.pem", same: "output" },
	{ args: "keyinfo --key p256.pem --require private", same: "output" },
	{ args: "keyinfo --key p256.pem --require public", same: "status" },
	{ args: "getpriv --key p256.pem", same: "output" },
	{ args: "getpriv --key p256.pem --minimal --format openssl", same: "output" },
	{ args: "getpriv --key p256.pem --format pkcs8", same: "output" },
	{ args: "dumpinfo good.img", same: "output" },
	{ args: "dumpinfo --silent --format human --outfile new.txt good.img", same: "output" },
	{ args: "dumpinfo --format yaml good.img", same: "output" },
	{ args: "dumpinfo --format json good.img", same: "output" },
	{ args: "version", same: "output" },
];
