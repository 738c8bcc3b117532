/* The addon: memory that holds secrets, block devices, transfers past the page cache. Linux, Node-API 8. */
#include "support.h"

NAPI_MODULE_INIT() {
  if (!imprint_export_memory(env, exports) || !imprint_export_process(env, exports) ||
      !imprint_export_block_device(env, exports) || !imprint_export_background(env, exports) ||
      !imprint_export_uevents(env, exports)) {
    return NULL;
  }
  return exports;
}
