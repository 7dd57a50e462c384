/* A program that reports its own first moment: writes (nanoseconds of the monotonic clock, pid) into a named pipe as
 * soon as it runs, then stays until a signal ends it, or leaves at once. */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t record[2] = {now.tv_sec * 1000000000LL + now.tv_nsec, getpid()};
    int pipe = open(argv[1], O_WRONLY | O_CLOEXEC);
    if (pipe < 0 || write(pipe, record, sizeof record) != sizeof record) return 1;
    close(pipe);
    while (argc > 2 && strcmp(argv[2], "stay") == 0) pause();
    return 0;
}
