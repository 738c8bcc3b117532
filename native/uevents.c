/* The kernel's own messages about devices that come, change and go (NETLINK_KOBJECT_UEVENT): block devices only. */
#include "support.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Group 1 is the kernel; 2 is udev's. Everybody may listen to it. */
static const uint32_t kernel_group = 1;
/* UEVENT_BUFFER_SIZE of the kernel is 2048; its header stands before that. */
enum { message_bytes = 8192, queue_length = 256, retry_milliseconds = 100 };

typedef struct {
  char action[16];
  char name[64];
  char type[16];
} event;

typedef struct {
  int socket;
  /* Readable when the thread must end. */
  int stop;
  pthread_t thread;
  bool joined;
  bool closed;
  napi_threadsafe_function listener;
  /* The listener's finalizer and the closing function both hold it; counted on the JavaScript thread only. */
  int holders;
} watch;

static void let_go(watch *current) {
  current->holders -= 1;
  if (current->holders == 0) {
    free(current);
  }
}

static void stop_thread(watch *current) {
  if (current->joined) {
    return;
  }
  const uint64_t one = 1;
  while (write(current->stop, &one, sizeof one) < 0 && errno == EINTR) {
  }
  (void)pthread_join(current->thread, NULL);
  current->joined = true;
  (void)close(current->socket);
  (void)close(current->stop);
}

/* The process ends, or its JavaScript does, without close(). */
static void on_environment_end(void *data) { stop_thread(data); }

/* ------------------------------------------------------------------------------------------ the listening thread */

static bool copy_value(const char *line, const char *key, char *target, size_t length) {
  const size_t key_length = strlen(key);
  if (strncmp(line, key, key_length) != 0 || line[key_length] != '=') {
    return false;
  }
  const char *value = line + key_length + 1;
  if (strlen(value) < length) {
    (void)strcpy(target, value);
  }
  return true;
}

/* `add@/devices/…\0ACTION=add\0SUBSYSTEM=block\0…`; false where it is no event of a block device. */
static bool read_event(const char *message, size_t length, event *found) {
  memset(found, 0, sizeof *found);
  bool block = false;
  /* A message that the kernel cut off ends without a zero; the receiver put one there. */
  for (size_t at = 0; at < length; at += strlen(message + at) + 1) {
    const char *line = message + at;
    if (strcmp(line, "SUBSYSTEM=block") == 0) {
      block = true;
    } else if (!copy_value(line, "ACTION", found->action, sizeof found->action) &&
               !copy_value(line, "DEVNAME", found->name, sizeof found->name)) {
      (void)copy_value(line, "DEVTYPE", found->type, sizeof found->type);
    }
  }
  return block && found->action[0] != '\0' && found->name[0] != '\0';
}

/* False where the queue to JavaScript is full or closing. */
static bool hand_over(watch *current, const event *found) {
  event *copy = malloc(sizeof *copy);
  if (copy == NULL) {
    return false;
  }
  *copy = *found;
  if (napi_call_threadsafe_function(current->listener, copy, napi_tsfn_nonblocking) == napi_ok) {
    return true;
  }
  free(copy);
  return false;
}

/* One message, if there is one. `lost`: events were missed, whoever listens must look for itself. */
static void receive(watch *current, bool *lost) {
  char message[message_bytes];
  struct sockaddr_nl sender;
  struct iovec part = {.iov_base = message, .iov_len = sizeof message - 1};
  struct msghdr header = {.msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &part, .msg_iovlen = 1};
  const ssize_t length = recvmsg(current->socket, &header, MSG_DONTWAIT);
  if (length < 0) {
    *lost = *lost || errno == ENOBUFS;
    return;
  }
  /* SECURITY: every process may send to this socket; only the kernel's port is 0. */
  if (header.msg_namelen != sizeof sender || sender.nl_pid != 0 || (sender.nl_groups & kernel_group) == 0) {
    return;
  }
  message[length] = '\0';
  event found;
  if (read_event(message, (size_t)length, &found) && !hand_over(current, &found)) {
    *lost = true;
  }
}

static void *listen_to_kernel(void *data) {
  watch *current = data;
  bool lost = false;
  for (;;) {
    struct pollfd waiting[2] = {{.fd = current->socket, .events = POLLIN}, {.fd = current->stop, .events = POLLIN}};
    const int ready = poll(waiting, 2, lost ? retry_milliseconds : -1);
    if (ready < 0 && errno != EINTR) {
      break;
    }
    if (ready > 0 && waiting[1].revents != 0) {
      break;
    }
    if (ready > 0 && waiting[0].revents != 0) {
      receive(current, &lost);
    }
    if (lost) {
      const event rescan = {.action = "rescan"};
      lost = !hand_over(current, &rescan);
    }
  }
  (void)napi_release_threadsafe_function(current->listener, napi_tsfn_release);
  return NULL;
}

/* ------------------------------------------------------------------------------------------- on JavaScript's thread */

static bool set_text(napi_env env, napi_value object, const char *name, const char *text) {
  napi_value value;
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok && napi_set_named_property(env, object, name, value) == napi_ok;
}

static void call_listener(napi_env env, napi_value listener, void *context, void *data) {
  const watch *current = context;
  event *found = data;
  napi_value object;
  napi_value receiver;
  /* env is NULL while the environment ends. Nothing is heard after close(). */
  if (env != NULL && !current->closed && napi_create_object(env, &object) == napi_ok && set_text(env, object, "action", found->action) &&
      set_text(env, object, "name", found->name) && set_text(env, object, "type", found->type) && napi_get_undefined(env, &receiver) == napi_ok) {
    (void)napi_call_function(env, receiver, listener, 1, &object, NULL);
  }
  free(found);
}

static void listener_ended(napi_env env, void *data, void *hint) {
  (void)hint;
  watch *current = data;
  stop_thread(current);
  (void)napi_remove_env_cleanup_hook(env, on_environment_end, current);
  let_go(current);
}

static void closing_function_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  let_go(data);
}

static napi_value close_watch(napi_env env, napi_callback_info info) {
  void *data = NULL;
  IMPRINT_TRY(env, napi_get_cb_info(env, info, NULL, NULL, NULL, &data));
  watch *current = data;
  current->closed = true;
  stop_thread(current);
  return imprint_undefined(env);
}

/* A socket that hears the kernel, or -1 with errno. */
static int open_socket(void) {
  const int descriptor = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  if (descriptor < 0) {
    return -1;
  }
  /* A reader with ten slots tells dozens of things at once. More than rmem_max is cut down, which is fine. */
  const int buffer = 1 << 20;
  (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = kernel_group};
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0) {
    return descriptor;
  }
  const int error = errno;
  (void)close(descriptor);
  errno = error;
  return -1;
}

static napi_value watch_block_events(napi_env env, napi_callback_info info) {
  napi_value listener;
  if (!imprint_arguments(env, info, 1, &listener)) {
    return NULL;
  }
  napi_valuetype type;
  IMPRINT_TRY(env, napi_typeof(env, listener, &type));
  if (type != napi_function) {
    return imprint_throw_type_error(env, "%s must be a function", "listener");
  }
  const int descriptor = open_socket();
  if (descriptor < 0) {
    return imprint_throw_system_error(env, errno, "socket NETLINK_KOBJECT_UEVENT");
  }
  const int stop = eventfd(0, EFD_CLOEXEC);
  if (stop < 0) {
    const int error = errno;
    (void)close(descriptor);
    return imprint_throw_system_error(env, error, "eventfd");
  }
  watch *current = calloc(1, sizeof *current);
  if (current == NULL) {
    (void)close(descriptor);
    (void)close(stop);
    return imprint_throw_system_error(env, ENOMEM, "calloc");
  }
  current->socket = descriptor;
  current->stop = stop;
  /* Until there is a thread to join. */
  current->joined = true;
  current->holders = 1;

  napi_value name;
  napi_value close_function = NULL;
  const bool made = imprint_ok(env, napi_create_string_utf8(env, "block events", NAPI_AUTO_LENGTH, &name)) &&
                    imprint_ok(env, napi_create_function(env, "close", NAPI_AUTO_LENGTH, close_watch, current, &close_function)) &&
                    imprint_ok(env, napi_create_threadsafe_function(env, listener, NULL, name, queue_length, 1, current, listener_ended, current, call_listener, &current->listener));
  if (!made) {
    (void)close(descriptor);
    (void)close(stop);
    free(current);
    return NULL;
  }
  const int error = pthread_create(&current->thread, NULL, listen_to_kernel, current);
  if (error != 0) {
    (void)close(descriptor);
    (void)close(stop);
    (void)napi_release_threadsafe_function(current->listener, napi_tsfn_abort);
    return imprint_throw_system_error(env, error, "pthread_create");
  }
  current->joined = false;
  if (napi_add_finalizer(env, close_function, current, closing_function_collected, NULL, NULL) == napi_ok) {
    current->holders += 1;
  } else {
    /* Never freed, rather than freed too early. */
    current->holders += 2;
  }
  (void)napi_add_env_cleanup_hook(env, on_environment_end, current);
  return close_function;
}

bool imprint_export_uevents(napi_env env, napi_value exports) {
  return imprint_export(env, exports, "watchBlockEvents", watch_block_events);
}
