/* Queues with threads of their own: one for each card, so that a slow or stuck card holds up nobody else's transfers. */
#include "background.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { most_threads = 16 };

struct imprint_queue {
  pthread_mutex_t lock;
  pthread_cond_t wake;
  job *first;
  job *last;
  job *finished;
  bool closing;
  /* Jobs that JavaScript still waits for: only these keep its event loop alive. On the thread of JavaScript. */
  size_t pending;
  napi_threadsafe_function notify;
  /* The threads, and the finalizer of `notify`. */
  atomic_size_t owners;
};

static const napi_type_tag queue_tag = {0x8f0f6a1c5f5a4d0bULL, 0x9d3c2b7e61f84a25ULL};

static void disown(imprint_queue *queue) {
  if (atomic_fetch_sub(&queue->owners, 1) == 1) {
    pthread_cond_destroy(&queue->wake);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
  }
}

static void *work(void *data) {
  imprint_queue *queue = data;
  for (;;) {
    pthread_mutex_lock(&queue->lock);
    while (queue->first == NULL && !queue->closing) {
      pthread_cond_wait(&queue->wake, &queue->lock);
    }
    job *current = queue->first;
    if (current == NULL) {
      pthread_mutex_unlock(&queue->lock);
      break;
    }
    queue->first = current->next;
    if (queue->first == NULL) {
      queue->last = NULL;
    }
    pthread_mutex_unlock(&queue->lock);

    current->run(current);

    pthread_mutex_lock(&queue->lock);
    const bool told = queue->finished != NULL;
    current->next = queue->finished;
    queue->finished = current;
    pthread_mutex_unlock(&queue->lock);
    /* One call for all that are finished by then. After napi_closing the function is gone and nobody waits. */
    if (!told && napi_call_threadsafe_function(queue->notify, NULL, napi_tsfn_nonblocking) == napi_closing) {
      disown(queue);
      return NULL;
    }
  }
  (void)napi_release_threadsafe_function(queue->notify, napi_tsfn_release);
  disown(queue);
  return NULL;
}

static void settle(napi_env env, napi_value callback, void *context, void *data) {
  (void)callback;
  (void)data;
  imprint_queue *queue = context;
  pthread_mutex_lock(&queue->lock);
  job *current = queue->finished;
  queue->finished = NULL;
  pthread_mutex_unlock(&queue->lock);
  while (current != NULL) {
    job *next = current->next;
    if (env != NULL) {
      imprint_complete_job(env, current);
      queue->pending -= 1;
      if (queue->pending == 0) {
        (void)napi_unref_threadsafe_function(env, queue->notify);
      }
    }
    current = next;
  }
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  disown(data);
}

bool imprint_read_queue(napi_env env, napi_value value, imprint_queue **queue) {
  napi_valuetype type;
  *queue = NULL;
  if (!imprint_ok(env, napi_typeof(env, value, &type))) {
    return false;
  }
  if (type == napi_undefined) {
    return true;
  }
  bool ours = false;
  if (type == napi_object && !imprint_ok(env, napi_check_object_type_tag(env, value, &queue_tag, &ours))) {
    return false;
  }
  if (!ours) {
    (void)imprint_throw_type_error(env, "%s must be one that createQueue returned", "queue");
    return false;
  }
  return imprint_ok(env, napi_unwrap(env, value, (void **)queue));
}

bool imprint_queue_submit(napi_env env, imprint_queue *queue, job *submitted) {
  pthread_mutex_lock(&queue->lock);
  const bool accepted = !queue->closing;
  if (accepted) {
    submitted->next = NULL;
    if (queue->last == NULL) {
      queue->first = submitted;
    } else {
      queue->last->next = submitted;
    }
    queue->last = submitted;
    pthread_cond_signal(&queue->wake);
  }
  pthread_mutex_unlock(&queue->lock);
  if (accepted) {
    if (queue->pending == 0) {
      (void)napi_ref_threadsafe_function(env, queue->notify);
    }
    queue->pending += 1;
  }
  return accepted;
}

/* Jobs that have not begun end with ECANCELED; those that run end in their own time. */
static void close_queue(imprint_queue *queue) {
  pthread_mutex_lock(&queue->lock);
  const bool already = queue->closing;
  queue->closing = true;
  job *current = queue->first;
  queue->first = NULL;
  queue->last = NULL;
  const bool told = queue->finished != NULL;
  const bool any = current != NULL;
  while (current != NULL) {
    job *next = current->next;
    imprint_cancel_job(current);
    current->next = queue->finished;
    queue->finished = current;
    current = next;
  }
  pthread_cond_broadcast(&queue->wake);
  pthread_mutex_unlock(&queue->lock);
  if (any && !told) {
    (void)napi_call_threadsafe_function(queue->notify, NULL, napi_tsfn_nonblocking);
  }
  if (!already) {
    (void)napi_release_threadsafe_function(queue->notify, napi_tsfn_release);
  }
}

static void collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  imprint_queue *queue = data;
  close_queue(queue);
  disown(queue);
}

/* (threads) */
static napi_value create_queue(napi_env env, napi_callback_info info) {
  napi_value argument;
  napi_value name;
  napi_value handle;
  uint64_t threads;
  if (!imprint_arguments(env, info, 1, &argument) || !imprint_read_offset(env, argument, "threads", &threads)) {
    return NULL;
  }
  if (threads < 1 || threads > most_threads) {
    return imprint_throw_type_error(env, "%s must be from 1 to 16", "threads");
  }
  IMPRINT_TRY(env, napi_create_string_utf8(env, "imprint queue", NAPI_AUTO_LENGTH, &name));
  IMPRINT_TRY(env, napi_create_object(env, &handle));
  imprint_queue *queue = calloc(1, sizeof *queue);
  if (queue == NULL) {
    return imprint_throw_system_error(env, ENOMEM, "calloc");
  }
  pthread_mutex_init(&queue->lock, NULL);
  pthread_cond_init(&queue->wake, NULL);
  /* The finalizer of `notify` and the handle; each thread that starts adds itself. */
  atomic_init(&queue->owners, 2);
  if (!imprint_ok(env, napi_create_threadsafe_function(env, NULL, NULL, name, 0, threads + 1, queue, finalize, queue, settle, &queue->notify))) {
    free(queue);
    return NULL;
  }
  (void)napi_unref_threadsafe_function(env, queue->notify);
  size_t started = 0;
  int error = 0;
  while (started < threads && error == 0) {
    pthread_t thread;
    atomic_fetch_add(&queue->owners, 1);
    error = pthread_create(&thread, NULL, work, queue);
    if (error == 0) {
      pthread_detach(thread);
      started += 1;
    } else {
      disown(queue);
    }
  }
  if (error != 0) {
    for (size_t index = started; index < threads; index += 1) {
      (void)napi_release_threadsafe_function(queue->notify, napi_tsfn_release);
    }
    close_queue(queue);
    disown(queue);
    return imprint_throw_system_error(env, error, "pthread_create");
  }
  if (!imprint_ok(env, napi_wrap(env, handle, queue, collected, NULL, NULL)) ||
      !imprint_ok(env, napi_type_tag_object(env, handle, &queue_tag))) {
    return NULL;
  }
  return handle;
}

/* (queue) */
static napi_value close_handle(napi_env env, napi_callback_info info) {
  napi_value argument;
  imprint_queue *queue;
  if (!imprint_arguments(env, info, 1, &argument) || !imprint_read_queue(env, argument, &queue)) {
    return NULL;
  }
  if (queue != NULL) {
    close_queue(queue);
  }
  return imprint_undefined(env);
}

bool imprint_export_queue(napi_env env, napi_value exports) {
  return imprint_export(env, exports, "createQueue", create_queue) &&
         imprint_export(env, exports, "closeQueue", close_handle);
}
