/* The same digest in a translation unit of its own: xxhash.h chooses its instructions by what the compiler may use here. */
#if defined(__x86_64__)
#pragma GCC target("avx2,bmi,bmi2")
#endif

#include "digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#if defined(__x86_64__)
_Static_assert(XXH_VECTOR == XXH_AVX2, "the target pragma must reach xxhash.h");
#endif

void imprint_digest_avx2(const uint8_t *data, size_t length, uint8_t digest[IMPRINT_DIGEST_SIZE]) {
  XXH128_canonicalFromHash((XXH128_canonical_t *)digest, XXH3_128bits(data, length));
}
