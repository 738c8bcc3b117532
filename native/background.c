/* What may take long and therefore runs on libuv's threads: transfers at a position, and erasing or flushing a device. */
#include "support.h"

#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void fail(job *current, int error, const char *syscall) {
  current->error = error;
  current->syscall = syscall;
}

static void fail_at(job *current, int error, const char *syscall, uint64_t position) {
  fail(current, error, syscall);
  current->error_position = position;
  current->has_error_position = true;
}

/* Reads until `length` or the end of the file; false after fail_at. */
static bool read_fully(job *current, uint8_t *target, size_t *done) {
  const int flags = fcntl(current->descriptor, F_GETFL);
  const bool direct = flags != -1 && (flags & O_DIRECT) != 0;
  *done = 0;
  while (*done < current->length) {
    const uint64_t position = current->position + *done;
    const ssize_t count = pread(current->descriptor, target + *done, current->length - *done, (off_t)position);
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      fail_at(current, errno, "pread", position);
      return false;
    }
    *done += (size_t)count;
    /* With O_DIRECT only the end of a file stops a read inside a sector, and asking on from there would be EINVAL. */
    if (count == 0 || (direct && *done % 512 != 0)) {
      break;
    }
  }
  return true;
}

static void run_read(job *current) {
  size_t done;
  if (read_fully(current, current->data, &done)) {
    current->result = (double)done;
  }
}

static void run_write(job *current) {
  size_t done = 0;
  while (done < current->length) {
    const uint64_t position = current->position + done;
    const ssize_t count = pwrite(current->descriptor, current->data + done, current->length - done, (off_t)position);
    if (count > 0) {
      done += (size_t)count;
    } else if (count == 0) {
      /* Would loop for ever; no Linux block device or filesystem does this. */
      fail_at(current, EIO, "pwrite", position);
      return;
    } else if (errno != EINTR) {
      fail_at(current, errno, "pwrite", position);
      return;
    }
  }
  current->result = (double)done;
}

static void run_compare(job *current) {
  size_t done;
  if (!read_fully(current, current->scratch, &done)) {
    return;
  }
  current->result = -1;
  if (done > 0 && memcmp(current->data, current->scratch, done) != 0) {
    size_t index = 0;
    while (current->data[index] == current->scratch[index]) {
      index += 1;
    }
    current->result = (double)index;
  } else if (done < current->length) {
    current->result = (double)done;
  }
}

static void run_digest(job *current) {
  size_t done;
  if (!read_fully(current, current->data, &done)) {
    return;
  }
  if (done < current->length) {
    fail_at(current, ENODATA, "pread", current->position + done);
    return;
  }
  imprint_digest(current->data, done, current->digest);
  current->has_digest = true;
}

static void run_range_request(job *current, unsigned long request, const char *name) {
  const uint64_t range[2] = {current->position, current->length};
  int status;
  do {
    status = ioctl(current->descriptor, request, range);
  } while (status != 0 && errno == EINTR);
  if (status != 0) {
    fail_at(current, errno, name, current->position);
  }
}

static void run_discard(job *current) {
  run_range_request(current, BLKDISCARD, "ioctl BLKDISCARD");
}

static void run_zero_out(job *current) {
  /*
   * On a block device this asks for zeros that the device itself vouches for, which it may give by unmapping, and never
   * falls back to writing them (block/fops.c, blkdev_fallocate); in a file it makes a hole. Else zeros are written.
   */
  int status;
  do {
    status = fallocate(current->descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)current->position, (off_t)current->length);
  } while (status != 0 && errno == EINTR);
  if (status == 0 || errno == EIO || errno == ENODEV || errno == EBADF) {
    current->result = 1;
    if (status != 0) {
      fail_at(current, errno, "fallocate", current->position);
    }
    return;
  }
  current->result = 0;
  run_range_request(current, BLKZEROOUT, "ioctl BLKZEROOUT");
}

static void run_flush(job *current) {
  if (ioctl(current->descriptor, BLKFLSBUF, 0) != 0) {
    fail(current, errno, "ioctl BLKFLSBUF");
  }
}

static void execute(napi_env env, void *data) {
  (void)env;
  job *current = data;
  current->run(current);
}

static napi_value outcome(napi_env env, const job *current) {
  napi_value value;
  if (current->error == 0) {
    if (current->has_digest) {
      IMPRINT_TRY(env, napi_create_buffer_copy(env, IMPRINT_DIGEST_SIZE, current->digest, NULL, &value));
      return value;
    }
    if (!current->has_result) {
      return imprint_undefined(env);
    }
    IMPRINT_TRY(env, napi_create_double(env, current->result, &value));
    return value;
  }
  value = imprint_system_error(env, current->error, current->syscall);
  if (value != NULL && current->has_error_position) {
    napi_value position;
    IMPRINT_TRY(env, napi_create_double(env, (double)current->error_position, &position));
    IMPRINT_TRY(env, napi_set_named_property(env, value, "position", position));
  }
  return value;
}

static void discard_job(napi_env env, job *current) {
  for (size_t index = 0; index < 2; index += 1) {
    if (current->held[index] != NULL) {
      (void)napi_delete_reference(env, current->held[index]);
    }
  }
  if (current->work != NULL) {
    (void)napi_delete_async_work(env, current->work);
  }
  free(current);
}

void imprint_cancel_job(job *current) {
  if (current->error == 0) {
    fail(current, ECANCELED, "queue");
  }
}

void imprint_complete_job(napi_env env, job *current) {
  napi_value value = outcome(env, current);
  if (value != NULL) {
    (void)imprint_ok(env, current->error == 0 ? napi_resolve_deferred(env, current->deferred, value)
                                              : napi_reject_deferred(env, current->deferred, value));
  }
  discard_job(env, current);
}

static void complete(napi_env env, napi_status status, void *data) {
  job *current = data;
  if (status != napi_ok) {
    imprint_cancel_job(current);
  }
  imprint_complete_job(env, current);
}

/* Takes the job over: queues it and returns its promise, or frees it with an exception pending. */
static napi_value start(napi_env env, job *current) {
  napi_value name;
  napi_value promise;
  if (current->queue != NULL) {
    if (imprint_ok(env, napi_create_promise(env, &current->deferred, &promise))) {
      if (!imprint_queue_submit(env, current->queue, current)) {
        imprint_cancel_job(current);
        imprint_complete_job(env, current);
      }
      return promise;
    }
    discard_job(env, current);
    return NULL;
  }
  if (imprint_ok(env, napi_create_string_utf8(env, "imprint", NAPI_AUTO_LENGTH, &name)) &&
      imprint_ok(env, napi_create_async_work(env, NULL, name, execute, complete, current, &current->work)) &&
      imprint_ok(env, napi_create_promise(env, &current->deferred, &promise))) {
    if (imprint_ok(env, napi_queue_async_work(env, current->work))) {
      return promise;
    }
  }
  discard_job(env, current);
  return NULL;
}

static job *create_job(napi_env env, void (*run)(job *), bool has_result) {
  job *created = calloc(1, sizeof *created);
  if (created == NULL) {
    (void)imprint_throw_system_error(env, ENOMEM, "calloc");
    return NULL;
  }
  created->run = run;
  created->has_result = has_result;
  return created;
}

static bool hold(napi_env env, job *current, size_t index, napi_value value) {
  return imprint_ok(env, napi_create_reference(env, value, 1, &current->held[index]));
}

/* (fd, buffer, position, queue?) */
static napi_value start_transfer(napi_env env, napi_callback_info info, void (*run)(job *)) {
  napi_value arguments[4];
  int descriptor;
  imprint_bytes bytes;
  uint64_t position;
  imprint_queue *queue;
  if (!imprint_arguments(env, info, 4, arguments) || !imprint_read_descriptor(env, arguments[0], &descriptor) ||
      !imprint_read_bytes(env, arguments[1], "buffer", &bytes) ||
      !imprint_read_offset(env, arguments[2], "position", &position) ||
      !imprint_read_queue(env, arguments[3], &queue)) {
    return NULL;
  }
  job *created = create_job(env, run, true);
  if (created == NULL) {
    return NULL;
  }
  created->descriptor = descriptor;
  created->data = bytes.data;
  created->length = bytes.length;
  created->position = position;
  created->queue = queue;
  if (!hold(env, created, 0, arguments[1])) {
    discard_job(env, created);
    return NULL;
  }
  return start(env, created);
}

static napi_value read_at(napi_env env, napi_callback_info info) {
  return start_transfer(env, info, run_read);
}

static napi_value write_at(napi_env env, napi_callback_info info) {
  return start_transfer(env, info, run_write);
}

static napi_value digest_at(napi_env env, napi_callback_info info) {
  return start_transfer(env, info, run_digest);
}

/* (buffer) */
static napi_value digest(napi_env env, napi_callback_info info) {
  napi_value argument;
  napi_value value;
  imprint_bytes bytes;
  uint8_t result[IMPRINT_DIGEST_SIZE];
  if (!imprint_arguments(env, info, 1, &argument) || !imprint_read_bytes(env, argument, "buffer", &bytes)) {
    return NULL;
  }
  imprint_digest(bytes.data, bytes.length, result);
  IMPRINT_TRY(env, napi_create_buffer_copy(env, sizeof result, result, NULL, &value));
  return value;
}

static bool overlap(imprint_bytes left, imprint_bytes right) {
  return left.data < right.data + right.length && right.data < left.data + left.length;
}

/* (fd, expected, scratch, position, queue?) */
static napi_value compare_at(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  imprint_queue *queue;
  int descriptor;
  imprint_bytes expected;
  imprint_bytes scratch;
  uint64_t position;
  if (!imprint_arguments(env, info, 5, arguments) || !imprint_read_descriptor(env, arguments[0], &descriptor) ||
      !imprint_read_bytes(env, arguments[1], "expected", &expected) ||
      !imprint_read_bytes(env, arguments[2], "scratch", &scratch) ||
      !imprint_read_offset(env, arguments[3], "position", &position) ||
      !imprint_read_queue(env, arguments[4], &queue)) {
    return NULL;
  }
  if (scratch.length < expected.length) {
    return imprint_throw_type_error(env, "%s must be at least as long as expected", "scratch");
  }
  /* Else everything would compare equal to itself. */
  if (expected.length > 0 && overlap(expected, scratch)) {
    return imprint_throw_type_error(env, "%s must not overlap expected", "scratch");
  }
  job *created = create_job(env, run_compare, true);
  if (created == NULL) {
    return NULL;
  }
  created->descriptor = descriptor;
  created->data = expected.data;
  created->scratch = scratch.data;
  created->length = expected.length;
  created->position = position;
  created->queue = queue;
  if (!hold(env, created, 0, arguments[1]) || !hold(env, created, 1, arguments[2])) {
    discard_job(env, created);
    return NULL;
  }
  return start(env, created);
}

/* (fd, offset, length, queue?) */
static napi_value start_range(napi_env env, napi_callback_info info, void (*run)(job *), bool has_result) {
  imprint_range range;
  napi_value arguments[4];
  imprint_queue *queue;
  if (!imprint_range_arguments(env, info, &range) || !imprint_arguments(env, info, 4, arguments) ||
      !imprint_read_queue(env, arguments[3], &queue)) {
    return NULL;
  }
  job *created = create_job(env, run, has_result);
  if (created == NULL) {
    return NULL;
  }
  created->descriptor = range.descriptor;
  created->position = range.offset;
  created->length = range.length;
  created->queue = queue;
  return start(env, created);
}

static napi_value discard_range(napi_env env, napi_callback_info info) {
  return start_range(env, info, run_discard, false);
}

static napi_value zero_out_range(napi_env env, napi_callback_info info) {
  return start_range(env, info, run_zero_out, true);
}

/* (fd) */
static napi_value flush_buffers(napi_env env, napi_callback_info info) {
  napi_value argument;
  int descriptor;
  if (!imprint_arguments(env, info, 1, &argument) || !imprint_read_descriptor(env, argument, &descriptor)) {
    return NULL;
  }
  job *created = create_job(env, run_flush, false);
  if (created == NULL) {
    return NULL;
  }
  created->descriptor = descriptor;
  return start(env, created);
}

bool imprint_export_background(napi_env env, napi_value exports) {
  return imprint_export(env, exports, "readAt", read_at) && imprint_export(env, exports, "writeAt", write_at) &&
         imprint_export(env, exports, "compareAt", compare_at) && imprint_export(env, exports, "discardRange", discard_range) &&
         imprint_export(env, exports, "zeroOutRange", zero_out_range) &&
         imprint_export(env, exports, "flushBuffers", flush_buffers) && imprint_export(env, exports, "digestAt", digest_at) &&
         imprint_export(env, exports, "digest", digest) && imprint_export_queue(env, exports);
}
