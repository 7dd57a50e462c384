/* A program with much to say: waits until the gate is opened, writes so many bytes of lines to standard output, and
 * reports when it began and when the last byte was accepted. Then it stays. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv) {
    static char block[16384];
    if (argc < 4) return 2;
    for (size_t i = 0; i < sizeof block; i++) block[i] = i % 64 == 63 ? '\n' : 'a' + i % 26;
    int64_t ready[2] = {now(), getpid()};
    int report = open(argv[2], O_WRONLY | O_CLOEXEC);
    if (report < 0 || write(report, ready, sizeof ready) != sizeof ready) return 1;
    /* The gate is a named pipe; whoever opens it lets everybody through that reads a byte. */
    int gate = open(argv[1], O_RDONLY | O_CLOEXEC);
    char token;
    if (gate < 0 || read(gate, &token, 1) != 1) return 1;
    int64_t times[2];
    times[0] = now();
    for (int64_t left = atoll(argv[3]); left > 0;) {
        ssize_t written = write(1, block, left < (int64_t)sizeof block ? (size_t)left : sizeof block);
        if (written < 0) return 1;
        left -= written;
    }
    times[1] = now();
    if (write(report, times, sizeof times) != sizeof times) return 1;
    for (;;) pause();
}
