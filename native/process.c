/* What the process may leave behind, and how much it may lock. */
#include "support.h"

#include <errno.h>
#include <math.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static napi_value disable_core_dumps(napi_env env, napi_callback_info info) {
  (void)info;
  /*
   * SECURITY: both are needed. The limit alone does not stop a core_pattern that pipes into a collector; the flag alone
   * does not reach children, because exec sets it again.
   */
  const struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) {
    return imprint_throw_system_error(env, errno, "setrlimit RLIMIT_CORE");
  }
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return imprint_throw_system_error(env, errno, "prctl PR_SET_DUMPABLE");
  }
  return imprint_undefined(env);
}

static bool set_limit(napi_env env, napi_value object, const char *name, rlim_t limit) {
  napi_value value;
  return imprint_ok(env, napi_create_double(env, limit == RLIM_INFINITY ? INFINITY : (double)limit, &value)) &&
         imprint_ok(env, napi_set_named_property(env, object, name, value));
}

static napi_value memory_lock_limit(napi_env env, napi_callback_info info) {
  (void)info;
  struct rlimit limit;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) {
    return imprint_throw_system_error(env, errno, "getrlimit RLIMIT_MEMLOCK");
  }
  napi_value result;
  IMPRINT_TRY(env, napi_create_object(env, &result));
  if (!set_limit(env, result, "soft", limit.rlim_cur) || !set_limit(env, result, "hard", limit.rlim_max)) {
    return NULL;
  }
  return result;
}

bool imprint_export_process(napi_env env, napi_value exports) {
  return imprint_export(env, exports, "disableCoreDumps", disable_core_dumps) &&
         imprint_export(env, exports, "memoryLockLimit", memory_lock_limit);
}
