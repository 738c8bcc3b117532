#include "digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

void imprint_digest(const uint8_t *data, size_t length, uint8_t digest[IMPRINT_DIGEST_SIZE]) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    imprint_digest_avx2(data, length, digest);
    return;
  }
#endif
  XXH128_canonicalFromHash((XXH128_canonical_t *)digest, XXH3_128bits(data, length));
}
