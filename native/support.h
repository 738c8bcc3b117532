/* What every part of the addon needs: reading arguments, throwing errors. */
#ifndef IMPRINT_SUPPORT_H
#define IMPRINT_SUPPORT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define _FILE_OFFSET_BITS 64
#define NAPI_VERSION 8

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Electron exports thousands of symbols; ours stay inside this library. */
#pragma GCC visibility push(hidden)

/* Leaves the calling function with a JavaScript exception pending. */
#define IMPRINT_TRY(env, call)              \
  do {                                      \
    if (!imprint_ok((env), (call))) {       \
      return NULL;                          \
    }                                       \
  } while (0)

typedef struct {
  uint8_t *data;
  size_t length;
} imprint_bytes;

/* Bytes of an open file. */
typedef struct {
  int descriptor;
  uint64_t offset;
  uint64_t length;
} imprint_range;

/* Each returns false with an exception pending, except where said otherwise. */
bool imprint_ok(napi_env env, napi_status status);
bool imprint_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values);
bool imprint_read_bytes(napi_env env, napi_value value, const char *name, imprint_bytes *bytes);
bool imprint_read_descriptor(napi_env env, napi_value value, int *descriptor);
/* An integer from 0 to 2^53 - 1, the range in which a JavaScript number is exact. */
bool imprint_read_offset(napi_env env, napi_value value, const char *name, uint64_t *offset);
/* All the arguments of a function that takes (fd, offset, length). */
bool imprint_range_arguments(napi_env env, napi_callback_info info, imprint_range *range);

/* An Error with `code` (EBADF), `errno` (positive) and `syscall`; NULL with an exception pending if it can not be made. */
napi_value imprint_system_error(napi_env env, int error, const char *syscall);
/* Throws it; always NULL, so that callers can return it. */
napi_value imprint_throw_system_error(napi_env env, int error, const char *syscall);
napi_value imprint_throw_type_error(napi_env env, const char *format, const char *name);
napi_value imprint_undefined(napi_env env);
bool imprint_export(napi_env env, napi_value exports, const char *name, napi_callback callback);

bool imprint_export_memory(napi_env env, napi_value exports);
bool imprint_export_process(napi_env env, napi_value exports);
bool imprint_export_block_device(napi_env env, napi_value exports);
bool imprint_export_background(napi_env env, napi_value exports);
bool imprint_export_uevents(napi_env env, napi_value exports);

#pragma GCC visibility pop

#endif
