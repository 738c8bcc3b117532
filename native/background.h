/* A job that runs on another thread, and the queues that run it. */
#ifndef IMPRINT_BACKGROUND_H
#define IMPRINT_BACKGROUND_H

#include "digest.h"
#include "support.h"

#pragma GCC visibility push(hidden)

typedef struct imprint_queue imprint_queue;
typedef struct job job;
struct job {
  /* Runs on another thread: plain C only, no Node-API. Sets `error` and `syscall`, or `result`. */
  void (*run)(job *);
  int descriptor;
  uint8_t *data;
  uint8_t *scratch;
  uint64_t position;
  size_t length;

  double result;
  /* XXH3, 128 bits, in its canonical byte order; what a digest answers with instead of a number. */
  uint8_t digest[IMPRINT_DIGEST_SIZE];
  bool has_digest;
  bool has_result;
  int error;
  const char *syscall;
  uint64_t error_position;
  bool has_error_position;

  /* Either a queue of its own threads, or libuv's. */
  imprint_queue *queue;
  job *next;
  napi_async_work work;
  napi_deferred deferred;
  /* Keep the memory alive while the kernel uses it. */
  napi_ref held[2];
};

/* Settles the job's promise and frees it. On the thread of JavaScript. */
void imprint_complete_job(napi_env env, job *current);
/* Marks a job that will not run any more. */
void imprint_cancel_job(job *current);

/* Reads an optional queue argument: NULL for undefined. False with an exception pending for anything else. */
bool imprint_read_queue(napi_env env, napi_value value, imprint_queue **queue);
/* Takes the job over; false where the queue is closed. */
bool imprint_queue_submit(napi_env env, imprint_queue *queue, job *submitted);
bool imprint_export_queue(napi_env env, napi_value exports);

#pragma GCC visibility pop

#endif
