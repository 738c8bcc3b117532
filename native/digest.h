/* XXH3 with 128 bits, by the widest instructions that this processor has. */
#ifndef IMPRINT_DIGEST_H
#define IMPRINT_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { IMPRINT_DIGEST_SIZE = 16 };

#pragma GCC visibility push(hidden)

/* Canonical byte order. The result does not depend on the instructions. */
void imprint_digest(const uint8_t *data, size_t length, uint8_t digest[IMPRINT_DIGEST_SIZE]);

void imprint_digest_avx2(const uint8_t *data, size_t length, uint8_t digest[IMPRINT_DIGEST_SIZE]);

#pragma GCC visibility pop

#endif
