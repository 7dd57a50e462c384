/* The least that a supervisor can do, as a measure for those that do more.
 *
 *   floor once N PROGRAM [ARG…]    starts N with posix_spawn, three pipes each; prints the clock before the first; at a
 *                                  line on standard input ends them with TERM, waits for all, prints how long that took
 *   floor again N PROGRAM [ARG…]   the same, and starts another for each that ends, until it is killed
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct slot {
    pid_t pid;
    int ours[3];
};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void start(struct slot *slot, char **argv) {
    int theirs[3];
    for (int i = 0; i < 3; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC)) exit(111);
        theirs[i] = ends[i != 0];
        slot->ours[i] = ends[i == 0];
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; i++) posix_spawn_file_actions_adddup2(&actions, theirs[i], i);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    if (posix_spawn(&slot->pid, argv[0], &actions, &attributes, argv, environ)) exit(111);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    for (int i = 0; i < 3; i++) close(theirs[i]);
}

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    int count = atoi(argv[2]);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    struct slot *slots = calloc(count, sizeof *slots);
    int64_t begin = now();
    for (int i = 0; i < count; i++) start(&slots[i], argv + 3);
    printf("%lld\n", (long long)begin);
    fflush(stdout);
    if (strcmp(argv[1], "again") == 0) {
        for (pid_t pid; (pid = wait(NULL)) > 0;) {
            for (int i = 0; i < count; i++) {
                if (slots[i].pid != pid) continue;
                for (int end = 0; end < 3; end++) close(slots[i].ours[end]);
                start(&slots[i], argv + 3);
            }
        }
    }
    getchar();
    begin = now();
    for (int i = 0; i < count; i++) kill(slots[i].pid, SIGTERM);
    for (int i = 0; i < count; i++) waitpid(slots[i].pid, NULL, 0);
    printf("%lld\n", (long long)(now() - begin));
    return 0;
}
