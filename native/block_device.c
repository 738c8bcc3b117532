/* Questions about a block device that the kernel answers at once. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

static bool read_only_argument(napi_env env, napi_callback_info info, int *descriptor) {
  napi_value argument;
  return imprint_arguments(env, info, 1, &argument) && imprint_read_descriptor(env, argument, descriptor);
}

static napi_value device_size(napi_env env, napi_callback_info info) {
  int descriptor;
  if (!read_only_argument(env, info, &descriptor)) {
    return NULL;
  }
  uint64_t bytes = 0;
  if (ioctl(descriptor, BLKGETSIZE64, &bytes) != 0) {
    return imprint_throw_system_error(env, errno, "ioctl BLKGETSIZE64");
  }
  napi_value result;
  IMPRINT_TRY(env, napi_create_double(env, (double)bytes, &result));
  return result;
}

/* The kernel fills an int for all of these. */
static napi_value ask_integer(napi_env env, napi_callback_info info, unsigned long request, const char *name, int *answer) {
  int descriptor;
  if (!read_only_argument(env, info, &descriptor)) {
    return NULL;
  }
  *answer = 0;
  if (ioctl(descriptor, request, answer) != 0) {
    return imprint_throw_system_error(env, errno, name);
  }
  napi_value result;
  IMPRINT_TRY(env, napi_create_int64(env, *answer, &result));
  return result;
}

static napi_value logical_block_size(napi_env env, napi_callback_info info) {
  int bytes;
  return ask_integer(env, info, BLKSSZGET, "ioctl BLKSSZGET", &bytes);
}

static napi_value physical_block_size(napi_env env, napi_callback_info info) {
  int bytes;
  return ask_integer(env, info, BLKPBSZGET, "ioctl BLKPBSZGET", &bytes);
}

static napi_value is_read_only(napi_env env, napi_callback_info info) {
  int read_only;
  if (ask_integer(env, info, BLKROGET, "ioctl BLKROGET", &read_only) == NULL) {
    return NULL;
  }
  napi_value result;
  IMPRINT_TRY(env, napi_get_boolean(env, read_only != 0, &result));
  return result;
}

static napi_value reread_partition_table(napi_env env, napi_callback_info info) {
  int descriptor;
  if (!read_only_argument(env, info, &descriptor)) {
    return NULL;
  }
  const bool done = ioctl(descriptor, BLKRRPART) == 0;
  /* In use; not a disk with partitions; not root (udev then does it when the device is closed). */
  if (!done && errno != EBUSY && errno != EINVAL && errno != EACCES && errno != EPERM) {
    return imprint_throw_system_error(env, errno, "ioctl BLKRRPART");
  }
  napi_value result;
  IMPRINT_TRY(env, napi_get_boolean(env, done, &result));
  return result;
}

static napi_value drop_cache(napi_env env, napi_callback_info info) {
  imprint_range range;
  if (!imprint_range_arguments(env, info, &range)) {
    return NULL;
  }
  /* Returns the errno instead of setting it. */
  const int error = posix_fadvise(range.descriptor, (off_t)range.offset, (off_t)range.length, POSIX_FADV_DONTNEED);
  if (error != 0) {
    return imprint_throw_system_error(env, error, "posix_fadvise");
  }
  return imprint_undefined(env);
}

bool imprint_export_block_device(napi_env env, napi_value exports) {
  return imprint_export(env, exports, "deviceSize", device_size) &&
         imprint_export(env, exports, "logicalBlockSize", logical_block_size) &&
         imprint_export(env, exports, "physicalBlockSize", physical_block_size) &&
         imprint_export(env, exports, "isReadOnly", is_read_only) &&
         imprint_export(env, exports, "rereadPartitionTable", reread_partition_table) &&
         imprint_export(env, exports, "dropCache", drop_cache);
}
