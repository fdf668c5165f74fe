/* Loaded before libc (LD_PRELOAD): records what a process does to the files of one folder, and lets the nth of it fail.

   DISK_FOLDER  the folder; DISK_LOG  where each step is appended, as a line "step path more length" and, for a write, its bytes;
   DISK_FAIL_AT  the number of the step that fails with EIO (0: none); DISK_FAIL_FROM  whether all later steps fail, too.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define DONE 0
#define FAILS 1

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static int log_file = -1;
static long steps = 0;

static int ours(const char *path) {
    const char *folder = getenv("DISK_FOLDER");
    return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}

static const char *path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return path;
}

static void put(const void *bytes, size_t length) {
    while (length) {
        ssize_t done = syscall(SYS_write, log_file, bytes, length);
        if (done <= 0) abort();
        bytes = (const char *)bytes + done;
        length -= done;
    }
}

/* Note a step about to be taken. Returns FAILS where it shall fail. */
static int step(const char *what, const char *path, const char *more, const void *bytes, size_t length) {
    if (!ours(path)) return DONE;
    const char *at = getenv("DISK_FAIL_AT"), *on = getenv("DISK_FAIL_FROM"), *file = getenv("DISK_LOG");
    pthread_mutex_lock(&one_at_a_time);
    long number = ++steps, last = at ? atol(at) : 0;
    int fails = last && (number == last || (on && number > last));
    if (!fails && file) {
        char line[3 * PATH_MAX];
        if (log_file < 0) log_file = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND, 0600);
        int written = snprintf(line, sizeof line, "%s\t%s\t%s\t%zu\n", what, path, more, length);
        put(line, written);
        put(bytes, length);
    }
    pthread_mutex_unlock(&one_at_a_time);
    if (fails) errno = EIO;
    return fails;
}

static int step_at(const char *what, int fd, long long place, const void *bytes, size_t length) {
    char path[PATH_MAX], more[32];
    snprintf(more, sizeof more, "%lld", place);
    return step(what, path_of(fd, path), more, bytes, length);
}

static long long here(int fd) {
    off_t place = lseek(fd, 0, SEEK_CUR);
    return place < 0 ? 0 : place;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    return step_at("write", fd, here(fd), bytes, length) ? -1 : REAL(write)(fd, bytes, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t place) {
    return step_at("write", fd, place, bytes, length) ? -1 : REAL(pwrite)(fd, bytes, length, place);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t place) {
    return step_at("write", fd, place, bytes, length) ? -1 : REAL(pwrite64)(fd, bytes, length, place);
}

/* No copy within the kernel: what is copied is written, and so recorded. */
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *place, size_t length, unsigned int flags) {
    (void)from, (void)at, (void)to, (void)place, (void)length, (void)flags;
    errno = EXDEV;
    return -1;
}

int ftruncate(int fd, off_t length) { return step_at("truncate", fd, length, "", 0) ? -1 : REAL(ftruncate)(fd, length); }
int ftruncate64(int fd, off64_t length) { return step_at("truncate", fd, length, "", 0) ? -1 : REAL(ftruncate64)(fd, length); }
int fsync(int fd) { return step_at("sync", fd, 0, "", 0) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return step_at("sync", fd, 0, "", 0) ? -1 : REAL(fdatasync)(fd); }
int rename(const char *from, const char *to) { return step("rename", from, to, "", 0) ? -1 : REAL(rename)(from, to); }
int unlink(const char *path) { return step("unlink", path, "", "", 0) ? -1 : REAL(unlink)(path); }
int rmdir(const char *path) { return step("unlink", path, "", "", 0) ? -1 : REAL(rmdir)(path); }
int mkdir(const char *path, mode_t mode) { return step("mkdir", path, "", "", 0) ? -1 : REAL(mkdir)(path, mode); }
int link(const char *from, const char *to) { return step("link", from, to, "", 0) ? -1 : REAL(link)(from, to); }

int unlinkat(int at, const char *name, int flags) {
    char path[2 * PATH_MAX];
    path[0] = 0;
    if (name[0] != '/' && at != AT_FDCWD) {
        path_of(at, path);
        strncat(path, "/", PATH_MAX);
    }
    strncat(path, name, PATH_MAX - 1);
    return step("unlink", path, "", "", 0) ? -1 : REAL(unlinkat)(at, name, flags);
}

int chmod(const char *path, mode_t mode) {
    char more[32];
    snprintf(more, sizeof more, "%o", mode);
    return step("chmod", path, more, "", 0) ? -1 : REAL(chmod)(path, mode);
}

int fchmodat(int at, const char *path, mode_t mode, int flags) {
    char more[32];
    snprintf(more, sizeof more, "%o", mode);
    return step("chmod", path, more, "", 0) ? -1 : REAL(fchmodat)(at, path, mode, flags);
}

static int opened(const char *path, int flags) {
    if (!(flags & O_CREAT) && !(flags & O_TRUNC)) return DONE;
    return step(flags & O_TRUNC ? "create-empty" : "create", path, flags & O_EXCL ? "new" : "", "", 0);
}

int open(const char *path, int flags, ...) {
    __builtin_va_list more;
    __builtin_va_start(more, flags);
    int mode = __builtin_va_arg(more, int);
    __builtin_va_end(more);
    return opened(path, flags) ? -1 : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    __builtin_va_list more;
    __builtin_va_start(more, flags);
    int mode = __builtin_va_arg(more, int);
    __builtin_va_end(more);
    return opened(path, flags) ? -1 : REAL(open64)(path, flags, mode);
}
