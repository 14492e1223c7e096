/* What a disk can do to a program, put between it and the C library with LD_PRELOAD. Only files below $DISK_OF are
 * touched. A file named after a fault in $DISK_FAULTS switches it on: "enospc" (nothing can be written), "eio-sync" (a sync
 * fails), "rofs" (nothing can be opened for writing). With $DISK_TRACE every write, sync and removal is written down,
 * and so is what the program says on standard output, so that a power cut can be played at any moment. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_ours(const char *path) {
    const char *of = getenv("DISK_OF");
    return of && strncmp(path, of, strlen(of)) == 0;
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

static int is_on(const char *fault) {
    const char *folder = getenv("DISK_FAULTS");
    char path[PATH_MAX];
    if (!folder) return 0;
    int before = errno;
    snprintf(path, sizeof path, "%s/%s", folder, fault);
    int on = access(path, F_OK) == 0;
    errno = before;
    return on;
}

static void note(char what, const char *path, uint64_t at, const void *bytes, uint64_t length) {
    const char *file = getenv("DISK_TRACE");
    if (!file) return;
    int before = errno;
    int fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    uint64_t head[3] = {strlen(path), at, length};
    struct iovec all[4] = {
        {&what, 1}, {head, sizeof head}, {(void *)path, head[0]}, {(void *)bytes, bytes ? length : 0}};
    if (fd >= 0) {
        syscall(SYS_writev, fd, all, 4);
        syscall(SYS_close, fd);
    }
    errno = before;
}

static ssize_t do_write(int fd, const void *bytes, size_t length, off_t at) {
    char path[PATH_MAX];
    int at_position = at < 0;
    if (at_position && fd == 1) note('A', "", 0, bytes, length);
    if (!path_of(fd, path)) {
        return at_position ? syscall(SYS_write, fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, at);
    }
    if (is_on("enospc")) {
        errno = ENOSPC;
        return -1;
    }
    if (at_position) at = lseek(fd, 0, SEEK_CUR);
    ssize_t written =
        at_position ? syscall(SYS_write, fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, at);
    if (written > 0) note('W', path, at, bytes, written);
    return written;
}

ssize_t write(int fd, const void *bytes, size_t length) { return do_write(fd, bytes, length, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return do_write(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return do_write(fd, bytes, length, at); }

static int do_sync(int fd, long number) {
    char path[PATH_MAX];
    int ours = path_of(fd, path);
    if (ours && is_on("eio-sync")) {
        errno = EIO;
        return -1;
    }
    int done = syscall(number, fd);
    if (ours && done == 0) note('S', path, 0, NULL, 0);
    return done;
}

int fsync(int fd) { return do_sync(fd, SYS_fsync); }
int fdatasync(int fd) { return do_sync(fd, SYS_fdatasync); }

static int do_truncate(int fd, off_t length) {
    char path[PATH_MAX];
    int ours = path_of(fd, path);
    int done = syscall(SYS_ftruncate, fd, length);
    if (ours && done == 0) note('T', path, length, NULL, 0);
    return done;
}

int ftruncate(int fd, off_t length) { return do_truncate(fd, length); }
int ftruncate64(int fd, off_t length) { return do_truncate(fd, length); }

int unlink(const char *path) {
    int done = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (done == 0 && is_ours(path)) note('U', path, 0, NULL, 0);
    return done;
}

static int do_open(int folder, const char *path, int flags, mode_t mode) {
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
    if (writes && is_ours(path) && is_on("rofs")) {
        errno = EROFS;
        return -1;
    }
    return syscall(SYS_openat, folder, path, flags, mode);
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }

int open(const char *path, int flags, ...) { MODE(flags) return do_open(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return do_open(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags) return do_open(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags) return do_open(folder, path, flags | O_LARGEFILE, mode); }
