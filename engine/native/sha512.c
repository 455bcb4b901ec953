/*
 * SHA-384 and SHA-512 (FIPS 180-4) for the digest provider of boards whose boot loader hashes images with them. As in
 * sha256.c, a computation's state is an array of JavaScript.
 */
#include <string.h>

#include "native.h"

typedef struct {
	uint64_t words[8];
	uint64_t length; /* bytes in all */
	uint32_t pending; /* bytes in block */
	uint32_t size; /* of the digest: 48 or 64 bytes */
	uint8_t block[128];
} Sha512;

/* clang-format off */
static const uint64_t constants[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static const uint64_t initial384[8] = {
	0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
	0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
};

static const uint64_t initial512[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};
/* clang-format on */

static uint64_t rotate(uint64_t word, int bits) { return word >> bits | word << (64 - bits); }

static void compress(uint64_t *words, const uint8_t *block)
{
	uint64_t schedule[16]; /* of the 80 words those that are still needed */
	uint64_t v[8];
	memcpy(v, words, sizeof v);
	for (int i = 0; i < 80; i++) {
		uint64_t word = 0;
		if (i < 16) {
			for (int j = 0; j < 8; j++)
				word = word << 8 | *block++;
		} else {
			uint64_t x = schedule[(i - 15) & 15], y = schedule[(i - 2) & 15];
			word = schedule[i & 15] + schedule[(i - 7) & 15] + (rotate(x, 1) ^ rotate(x, 8) ^ x >> 7) +
				(rotate(y, 19) ^ rotate(y, 61) ^ y >> 6);
		}
		schedule[i & 15] = word;
		uint64_t a = v[0], e = v[4];
		uint64_t first =
			v[7] + (rotate(e, 14) ^ rotate(e, 18) ^ rotate(e, 41)) + (v[6] ^ (e & (v[5] ^ v[6]))) + constants[i] + word;
		uint64_t second = (rotate(a, 28) ^ rotate(a, 34) ^ rotate(a, 39)) + ((a & v[1]) | (v[2] & (a | v[1])));
		memmove(v + 1, v, 7 * sizeof *v);
		v[4] += first;
		v[0] = first + second;
	}
	for (int i = 0; i < 8; i++)
		words[i] += v[i];
}

static void absorb(Sha512 *hash, const uint8_t *bytes, size_t length)
{
	hash->length += length;
	while (length > 0) {
		size_t part = sizeof hash->block - hash->pending;
		if (part > length)
			part = length;
		memcpy(hash->block + hash->pending, bytes, part);
		hash->pending += part;
		bytes += part;
		length -= part;
		if (hash->pending == sizeof hash->block) {
			compress(hash->words, hash->block);
			hash->pending = 0;
		}
	}
}

static void finish(Sha512 *hash, uint8_t *digest)
{
	uint64_t bits = hash->length * 8;
	uint8_t end[144] = { 0x80 };
	/* The length has 16 bytes, of which no message here needs more than the last 8. */
	size_t padding = (hash->pending < 112 ? 112 : 240) - hash->pending;
	for (int i = 0; i < 8; i++)
		end[padding + 8 + i] = (uint8_t)(bits >> (56 - 8 * i));
	absorb(hash, end, padding + 16);
	for (uint32_t i = 0; i < hash->size; i++)
		digest[i] = (uint8_t)(hash->words[i / 8] >> (56 - 8 * (i % 8)));
}

/* The state is copied: an array may lie anywhere, a struct is aligned. */
static void state(xsMachine *the, Sha512 *hash)
{
	int32_t length;
	uint8_t *bytes = runtimeBytes(the, &xsArg(0), &length);
	if (length != sizeof *hash)
		xsRangeError("not the state of a SHA-512");
	memcpy(hash, bytes, sizeof *hash);
	if (hash->pending >= sizeof hash->block || (hash->size != 48 && hash->size != 64))
		xsRangeError("not the state of a SHA-512");
}

/* sha512(size): the state of a new computation, an ArrayBuffer: of SHA-512, or of SHA-384 for a size of 48 bytes. */
static void sha512_new(xsMachine *the)
{
	Sha512 hash = { .size = xsToInteger(xsArg(0)) == 48 ? 48 : 64 };
	memcpy(hash.words, hash.size == 48 ? initial384 : initial512, sizeof hash.words);
	xsResult = xsArrayBuffer(&hash, sizeof hash);
}

/* sha512Update(state, bytes) */
static void sha512_update(xsMachine *the)
{
	Sha512 hash;
	int32_t length;
	state(the, &hash);
	uint8_t *bytes = runtimeBytes(the, &xsArg(1), &length);
	absorb(&hash, bytes, length);
	bytes = runtimeBytes(the, &xsArg(0), &length);
	memcpy(bytes, &hash, sizeof hash);
}

/* sha512Digest(state): 48 or 64 bytes in an ArrayBuffer. The state is as it was. */
static void sha512_digest(xsMachine *the)
{
	Sha512 hash;
	uint8_t digest[64];
	state(the, &hash);
	finish(&hash, digest);
	xsResult = xsArrayBuffer(digest, hash.size);
}

const RuntimeFunction longDigestFunctions[] = {
	{ "sha512", sha512_new, 1 },
	{ "sha512Update", sha512_update, 2 },
	{ "sha512Digest", sha512_digest, 1 },
	{ NULL },
};
