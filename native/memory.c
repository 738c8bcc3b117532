/* Locking pages in place, erasing, comparing without telling where. */
#include "support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * SECURITY: Electron forbids memory of our own behind an ArrayBuffer (V8's memory cage), so the pages are V8's and are
 * locked where they lie. A backing store never moves, but its first and last page may be shared with other allocations:
 * only the whole pages inside are touched. The block holds a strong reference to the ArrayBuffer, so these pages can not
 * go back to the allocator while they are locked and hold secrets.
 * CRASH: Chromium's allocator ends the process when it wants to discard pages that are still locked.
 */
typedef struct block {
  struct block *next;
  napi_ref array_buffer;
  void *store;
  uint8_t *pages;
  size_t length;
} block;

typedef struct {
  napi_env env;
  block *blocks;
} memory_state;

static void erase_and_unlock(const block *found) {
  explicit_bzero(found->pages, found->length);
  /* Later users of these addresses get ordinary memory back. Failure has no consequence that could be acted on. */
  (void)munlock(found->pages, found->length);
  (void)madvise(found->pages, found->length, MADV_DODUMP);
  (void)madvise(found->pages, found->length, MADV_KEEPONFORK);
}

/* Whether the ArrayBuffer still owns the memory: a transfer would have given it to another owner, or freed it. */
static bool still_owns(napi_env env, const block *found) {
  napi_value array_buffer;
  void *store = NULL;
  size_t length = 0;
  return napi_get_reference_value(env, found->array_buffer, &array_buffer) == napi_ok && array_buffer != NULL &&
         napi_get_arraybuffer_info(env, array_buffer, &store, &length) == napi_ok && store == found->store &&
         found->pages + found->length <= (uint8_t *)store + length;
}

static void release_block(napi_env env, block *found) {
  if (still_owns(env, found)) {
    erase_and_unlock(found);
  }
  (void)napi_delete_reference(env, found->array_buffer);
  free(found);
}

/* The end of a process in good order, or of a worker thread: nothing stays behind. The state dies here and nowhere else. */
static void release_all(void *argument) {
  memory_state *state = argument;
  napi_handle_scope scope;
  if (napi_open_handle_scope(state->env, &scope) != napi_ok) {
    return;
  }
  (void)napi_set_instance_data(state->env, NULL, NULL, NULL);
  while (state->blocks != NULL) {
    block *next = state->blocks->next;
    release_block(state->env, state->blocks);
    state->blocks = next;
  }
  (void)napi_close_handle_scope(state->env, scope);
  free(state);
}

static memory_state *get_state(napi_env env) {
  void *state = NULL;
  IMPRINT_TRY(env, napi_get_instance_data(env, &state));
  if (state == NULL) {
    (void)napi_throw_error(env, NULL, "the environment is shutting down");
  }
  return state;
}

static bool read_array_buffer(napi_env env, napi_value value, imprint_bytes *bytes) {
  bool is_array_buffer = false;
  if (!imprint_ok(env, napi_is_arraybuffer(env, value, &is_array_buffer))) {
    return false;
  }
  if (!is_array_buffer) {
    (void)imprint_throw_type_error(env, "%s must be an ArrayBuffer", "arrayBuffer");
    return false;
  }
  void *data = NULL;
  if (!imprint_ok(env, napi_get_arraybuffer_info(env, value, &data, &bytes->length))) {
    return false;
  }
  bytes->data = data;
  return true;
}

/* `length` bytes from the first page that lies wholly inside; false if `length` is not in whole pages, or too much. */
static bool whole_pages(imprint_bytes store, uint64_t length, imprint_bytes *pages) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t skipped = (page - (uintptr_t)store.data % page) % page;
  if (length == 0 || length % page != 0 || store.length < skipped || store.length - skipped < length) {
    return false;
  }
  pages->data = store.data + skipped;
  pages->length = (size_t)length;
  return true;
}

/* Returns 0, or the errno with the name of the call that failed. */
static int lock(imprint_bytes pages, const char **failed) {
  /* Even memory that can not be locked is better kept out of core dumps: the advice comes first, each by itself. */
  int error = 0;
  if (madvise(pages.data, pages.length, MADV_DONTDUMP) != 0) {
    error = errno;
    *failed = "madvise MADV_DONTDUMP";
  }
  /*
   * A child sees zeros until it execs. MADV_DONTFORK would be as good for secrets, but would leave a hole in the child's
   * address space under an ArrayBuffer. Private anonymous memory only, hence best effort: spawn() execs at once.
   */
  (void)madvise(pages.data, pages.length, MADV_WIPEONFORK);
  if (mlock(pages.data, pages.length) != 0) {
    error = errno;
    *failed = "mlock";
    /* mlock may have locked a part before it failed; that part would count against the limit for nothing. */
    (void)munlock(pages.data, pages.length);
  }
  return error;
}

/* lockPages(arrayBuffer, length): { offset, error?: Error }; works on `length` bytes from `offset`, also after an error. */
static napi_value lock_pages(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  imprint_bytes store;
  uint64_t wanted;
  memory_state *state = get_state(env);
  if (state == NULL || !imprint_arguments(env, info, 2, arguments) || !read_array_buffer(env, arguments[0], &store) ||
      !imprint_read_offset(env, arguments[1], "length", &wanted)) {
    return NULL;
  }
  for (const block *known = state->blocks; known != NULL; known = known->next) {
    if (known->store == store.data && still_owns(env, known)) {
      return imprint_throw_type_error(env, "%s is locked already", "arrayBuffer");
    }
  }
  imprint_bytes pages;
  if (!whole_pages(store, wanted, &pages)) {
    return imprint_throw_type_error(env, "%s must be in whole pages that lie inside the ArrayBuffer", "length");
  }

  napi_value result;
  napi_value offset;
  IMPRINT_TRY(env, napi_create_object(env, &result));
  IMPRINT_TRY(env, napi_create_int64(env, pages.data - store.data, &offset));
  IMPRINT_TRY(env, napi_set_named_property(env, result, "offset", offset));

  block *created = calloc(1, sizeof *created);
  if (created == NULL) {
    return imprint_throw_system_error(env, ENOMEM, "calloc");
  }
  if (!imprint_ok(env, napi_create_reference(env, arguments[0], 1, &created->array_buffer))) {
    free(created);
    return NULL;
  }
  created->store = store.data;
  created->pages = pages.data;
  created->length = pages.length;
  created->next = state->blocks;
  state->blocks = created;

  const char *failed = NULL;
  const int problem = lock(pages, &failed);
  if (problem != 0) {
    napi_value error = imprint_system_error(env, problem, failed);
    if (error == NULL) {
      return NULL;
    }
    IMPRINT_TRY(env, napi_set_named_property(env, result, "error", error));
  }
  return result;
}

/* unlockPages(arrayBuffer): whether it was locked. Erases it first. */
static napi_value unlock_pages(napi_env env, napi_callback_info info) {
  napi_value argument;
  imprint_bytes store;
  memory_state *state = get_state(env);
  if (state == NULL || !imprint_arguments(env, info, 1, &argument) || !read_array_buffer(env, argument, &store)) {
    return NULL;
  }
  bool known = false;
  for (block **place = &state->blocks; *place != NULL; place = &(*place)->next) {
    if ((*place)->store == store.data) {
      block *found = *place;
      *place = found->next;
      release_block(env, found);
      known = true;
      break;
    }
  }
  napi_value result;
  IMPRINT_TRY(env, napi_get_boolean(env, known, &result));
  return result;
}

static napi_value zero(napi_env env, napi_callback_info info) {
  napi_value argument;
  imprint_bytes bytes;
  if (!imprint_arguments(env, info, 1, &argument) || !imprint_read_bytes(env, argument, "buffer", &bytes)) {
    return NULL;
  }
  if (bytes.length > 0) {
    explicit_bzero(bytes.data, bytes.length);
  }
  return imprint_undefined(env);
}

static napi_value equal(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  imprint_bytes left;
  imprint_bytes right;
  if (!imprint_arguments(env, info, 2, arguments) || !imprint_read_bytes(env, arguments[0], "left", &left) ||
      !imprint_read_bytes(env, arguments[1], "right", &right)) {
    return NULL;
  }
  /* SECURITY: volatile, or the compiler may stop at the first difference. Only the length is no secret. */
  volatile uint8_t difference = left.length != right.length;
  for (size_t index = 0; left.length == right.length && index < left.length; index += 1) {
    difference = (uint8_t)(difference | (left.data[index] ^ right.data[index]));
  }
  napi_value result;
  IMPRINT_TRY(env, napi_get_boolean(env, difference == 0, &result));
  return result;
}

static napi_value address_of(napi_env env, napi_callback_info info) {
  napi_value argument;
  imprint_bytes bytes;
  if (!imprint_arguments(env, info, 1, &argument) || !imprint_read_bytes(env, argument, "buffer", &bytes)) {
    return NULL;
  }
  napi_value result;
  IMPRINT_TRY(env, napi_create_bigint_uint64(env, (uint64_t)(uintptr_t)bytes.data, &result));
  return result;
}

/* (buffer) */
static napi_value advise_huge_pages(napi_env env, napi_callback_info info) {
  napi_value argument;
  imprint_bytes bytes;
  if (!imprint_arguments(env, info, 1, &argument) || !imprint_read_bytes(env, argument, "buffer", &bytes)) {
    return NULL;
  }
  /* Whole pages only, and only advice: a kernel without huge pages refuses it. */
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t begin = ((uintptr_t)bytes.data + page - 1) / page * page;
  const uintptr_t end = ((uintptr_t)bytes.data + bytes.length) / page * page;
  if (begin < end) {
    (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
  }
  return imprint_undefined(env);
}

static napi_value page_size(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  IMPRINT_TRY(env, napi_create_int64(env, sysconf(_SC_PAGESIZE), &result));
  return result;
}

bool imprint_export_memory(napi_env env, napi_value exports) {
  memory_state *state = calloc(1, sizeof *state);
  if (state == NULL) {
    (void)imprint_throw_system_error(env, ENOMEM, "calloc");
    return false;
  }
  state->env = env;
  if (!imprint_ok(env, napi_set_instance_data(env, state, NULL, NULL))) {
    free(state);
    return false;
  }
  if (!imprint_ok(env, napi_add_env_cleanup_hook(env, release_all, state))) {
    (void)napi_set_instance_data(env, NULL, NULL, NULL);
    free(state);
    return false;
  }
  return imprint_export(env, exports, "lockPages", lock_pages) && imprint_export(env, exports, "unlockPages", unlock_pages) &&
         imprint_export(env, exports, "zero", zero) && imprint_export(env, exports, "equal", equal) &&
         imprint_export(env, exports, "addressOf", address_of) && imprint_export(env, exports, "pageSize", page_size) &&
         imprint_export(env, exports, "adviseHugePages", advise_huge_pages);
}
