/* Lives for some milliseconds and ends with some status. It keeps a record of its own: `+` for each beginning, `-` for each
 * end, and a file that is only there if two of it ever lived at once. usage: looper DIRECTORY NAME */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static int open_in(const char *directory, const char *name, const char *end)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s.%s", directory, name, end);
	return open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

int main(int argc, char **argv)
{
	struct timespec now;
	int record;

	if (argc != 3)
		return 2;
	if (flock(open_in(argv[1], argv[2], "lock"), LOCK_EX | LOCK_NB))
		return write(open_in(argv[1], argv[2], "twice"), "!", 1) != 1;
	record = open_in(argv[1], argv[2], "record");
	if (write(record, "+", 1) != 1)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &now);
	srandom(now.tv_nsec);
	usleep(1000 + random() % 40000);
	if (write(record, "-", 1) != 1)
		return 2;
	return random() % 4;
}
