/*
 * SHA-256 (FIPS 180-4) for the digest provider, as a board has it in hardware or in C. A computation's state is an
 * array of JavaScript, so that there is nothing to release.
 */
#include <string.h>

#include "native.h"

typedef struct {
	uint32_t words[8];
	uint32_t pending; /* bytes in block */
	uint64_t length; /* bytes in all */
	uint8_t block[64];
} Sha256;

/* clang-format off */
static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t initial[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};
/* clang-format on */

static uint32_t rotate(uint32_t word, int bits) { return word >> bits | word << (32 - bits); }

/* One round. The eight variables take each other's place from round to round, so that none has to be moved. */
#define ROUND(a, b, c, d, e, f, g, h, i) \
	do { \
		h += (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) + constants[i] + schedule[(i) & 15]; \
		d += h; \
		h += (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b))); \
	} while (0)

static void compress(uint32_t *words, const uint8_t *block)
{
	uint32_t schedule[16]; /* of the 64 words those that are still needed */
	uint32_t a = words[0], b = words[1], c = words[2], d = words[3];
	uint32_t e = words[4], f = words[5], g = words[6], h = words[7];
	for (int i = 0; i < 16; i++, block += 4)
		schedule[i] = (uint32_t)block[0] << 24 | block[1] << 16 | block[2] << 8 | block[3];
	for (int i = 0; i < 64; i += 8) {
		for (int j = i; i >= 16 && j < i + 8; j++) {
			uint32_t x = schedule[(j - 15) & 15], y = schedule[(j - 2) & 15];
			schedule[j & 15] += schedule[(j - 7) & 15] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
				(rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
		}
		ROUND(a, b, c, d, e, f, g, h, i);
		ROUND(h, a, b, c, d, e, f, g, i + 1);
		ROUND(g, h, a, b, c, d, e, f, i + 2);
		ROUND(f, g, h, a, b, c, d, e, i + 3);
		ROUND(e, f, g, h, a, b, c, d, i + 4);
		ROUND(d, e, f, g, h, a, b, c, i + 5);
		ROUND(c, d, e, f, g, h, a, b, i + 6);
		ROUND(b, c, d, e, f, g, h, a, i + 7);
	}
	words[0] += a;
	words[1] += b;
	words[2] += c;
	words[3] += d;
	words[4] += e;
	words[5] += f;
	words[6] += g;
	words[7] += h;
}

static void absorb(Sha256 *hash, const uint8_t *bytes, size_t length)
{
	hash->length += length;
	while (length > 0) {
		if (hash->pending == 0 && length >= sizeof hash->block) {
			compress(hash->words, bytes);
			bytes += sizeof hash->block;
			length -= sizeof hash->block;
			continue;
		}
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

static void finish(Sha256 *hash, uint8_t *digest)
{
	uint64_t bits = hash->length * 8;
	uint8_t end[72] = { 0x80 };
	size_t padding = (hash->pending < 56 ? 56 : 120) - hash->pending;
	for (int i = 0; i < 8; i++)
		end[padding + i] = (uint8_t)(bits >> (56 - 8 * i));
	absorb(hash, end, padding + 8);
	for (int i = 0; i < 32; i++)
		digest[i] = (uint8_t)(hash->words[i / 4] >> (24 - 8 * (i % 4)));
}

/* The state is copied: an array may lie anywhere, a struct is aligned. */
static void state(xsMachine *the, Sha256 *hash)
{
	int32_t length;
	uint8_t *bytes = runtimeBytes(the, &xsArg(0), &length);
	if (length != sizeof *hash)
		xsRangeError("not the state of a SHA-256");
	memcpy(hash, bytes, sizeof *hash);
	if (hash->pending >= sizeof hash->block)
		xsRangeError("not the state of a SHA-256");
}

/* sha256(): the state of a new computation, an ArrayBuffer. */
static void sha256_new(xsMachine *the)
{
	Sha256 hash = { .length = 0 };
	memcpy(hash.words, initial, sizeof initial);
	xsResult = xsArrayBuffer(&hash, sizeof hash);
}

/* sha256Update(state, bytes) */
static void sha256_update(xsMachine *the)
{
	Sha256 hash;
	int32_t length;
	state(the, &hash);
	uint8_t *bytes = runtimeBytes(the, &xsArg(1), &length);
	absorb(&hash, bytes, length);
	bytes = runtimeBytes(the, &xsArg(0), &length);
	memcpy(bytes, &hash, sizeof hash);
}

/* sha256Digest(state): 32 bytes in an ArrayBuffer. The state is as it was. */
static void sha256_digest(xsMachine *the)
{
	Sha256 hash;
	uint8_t digest[32];
	state(the, &hash);
	finish(&hash, digest);
	xsResult = xsArrayBuffer(digest, sizeof digest);
}

const RuntimeFunction digestFunctions[] = {
	{ "sha256", sha256_new, 0 },
	{ "sha256Update", sha256_update, 2 },
	{ "sha256Digest", sha256_digest, 1 },
	{ NULL },
};
