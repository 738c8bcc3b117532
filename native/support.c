#include "support.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const double largest_exact_integer = 9007199254740991.0; /* 2^53 - 1 */

bool imprint_ok(napi_env env, napi_status status) {
  if (status == napi_ok) {
    return true;
  }
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) {
    return false;
  }
  const napi_extended_error_info *details = NULL;
  const char *message = "a Node-API call failed";
  if (napi_get_last_error_info(env, &details) == napi_ok && details != NULL && details->error_message != NULL) {
    message = details->error_message;
  }
  (void)napi_throw_error(env, NULL, message);
  return false;
}

bool imprint_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  /* Missing arguments arrive as undefined, which the readers below refuse by name. */
  size_t given = count;
  return imprint_ok(env, napi_get_cb_info(env, info, &given, values, NULL, NULL));
}

napi_value imprint_throw_type_error(napi_env env, const char *format, const char *name) {
  char message[160];
  /* The formats are literals of this addon. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  (void)snprintf(message, sizeof message, format, name);
#pragma GCC diagnostic pop
  (void)napi_throw_type_error(env, NULL, message);
  return NULL;
}

bool imprint_read_bytes(napi_env env, napi_value value, const char *name, imprint_bytes *bytes) {
  bool is_typed_array = false;
  if (!imprint_ok(env, napi_is_typedarray(env, value, &is_typed_array))) {
    return false;
  }
  if (is_typed_array) {
    napi_typedarray_type type;
    size_t length = 0;
    void *data = NULL;
    if (!imprint_ok(env, napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL))) {
      return false;
    }
    if (type == napi_uint8_array && (data != NULL || length == 0)) {
      bytes->data = data;
      bytes->length = length;
      return true;
    }
  }
  (void)imprint_throw_type_error(env, "%s must be a Buffer", name);
  return false;
}

static bool read_integer(napi_env env, napi_value value, double maximum, double *number) {
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_number || napi_get_value_double(env, value, number) != napi_ok) {
    return false;
  }
  /* NaN fails the first comparison, infinity the second; only then is the cast defined. */
  return *number >= 0 && *number <= maximum && (double)(uint64_t)*number == *number;
}

bool imprint_read_descriptor(napi_env env, napi_value value, int *descriptor) {
  double number = 0;
  if (!read_integer(env, value, INT_MAX, &number)) {
    (void)imprint_throw_type_error(env, "%s must be a file descriptor", "fd");
    return false;
  }
  *descriptor = (int)number;
  return true;
}

bool imprint_read_offset(napi_env env, napi_value value, const char *name, uint64_t *offset) {
  double number = 0;
  if (!read_integer(env, value, largest_exact_integer, &number)) {
    (void)imprint_throw_type_error(env, "%s must be an integer from 0 to 2^53 - 1", name);
    return false;
  }
  *offset = (uint64_t)number;
  return true;
}

bool imprint_range_arguments(napi_env env, napi_callback_info info, imprint_range *range) {
  napi_value arguments[3];
  return imprint_arguments(env, info, 3, arguments) && imprint_read_descriptor(env, arguments[0], &range->descriptor) &&
         imprint_read_offset(env, arguments[1], "offset", &range->offset) &&
         imprint_read_offset(env, arguments[2], "length", &range->length);
}

static bool set_string(napi_env env, napi_value object, const char *name, const char *text) {
  napi_value value;
  return imprint_ok(env, napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value)) &&
         imprint_ok(env, napi_set_named_property(env, object, name, value));
}

napi_value imprint_system_error(napi_env env, int error, const char *syscall) {
  const char *code = strerrorname_np(error);
  const char *description = strerrordesc_np(error);
  if (code == NULL) {
    code = "EUNKNOWN";
  }
  char message[200];
  (void)snprintf(message, sizeof message, "%s: %s, %s", code, description == NULL ? "unknown error" : description, syscall);

  napi_value text;
  napi_value result;
  napi_value number;
  IMPRINT_TRY(env, napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text));
  IMPRINT_TRY(env, napi_create_error(env, NULL, text, &result));
  IMPRINT_TRY(env, napi_create_int32(env, error, &number));
  IMPRINT_TRY(env, napi_set_named_property(env, result, "errno", number));
  if (!set_string(env, result, "code", code) || !set_string(env, result, "syscall", syscall)) {
    return NULL;
  }
  return result;
}

napi_value imprint_throw_system_error(napi_env env, int error, const char *syscall) {
  napi_value value = imprint_system_error(env, error, syscall);
  if (value != NULL) {
    (void)imprint_ok(env, napi_throw(env, value));
  }
  return NULL;
}

napi_value imprint_undefined(napi_env env) {
  napi_value value;
  IMPRINT_TRY(env, napi_get_undefined(env, &value));
  return value;
}

bool imprint_export(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  return imprint_ok(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function)) &&
         imprint_ok(env, napi_set_named_property(env, exports, name, function));
}
