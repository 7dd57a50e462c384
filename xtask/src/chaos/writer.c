/* Prints numbered lines for ever: `LIFE NUMBER`. Beside its log it keeps how far it came, so that whoever looks later knows
 * what must be there. usage: writer DIRECTORY NAME */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[4096], line[64];
	struct stat lives;
	long n;
	int life, said;

	if (argc != 3)
		return 2;
	snprintf(path, sizeof path, "%s/%s.lives", argv[1], argv[2]);
	life = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (write(life, "x", 1) != 1 || fstat(life, &lives))
		return 2;
	snprintf(path, sizeof path, "%s/%s.said.%ld", argv[1], argv[2], (long)lives.st_size);
	said = open(path, O_WRONLY | O_CREAT, 0600);
	for (n = 0;; n++) {
		int length = snprintf(line, sizeof line, "%ld %ld\n", (long)lives.st_size, n);
		for (int done = 0; done < length;) {
			ssize_t more = write(1, line + done, length - done);
			if (more < 0)
				return 3;
			done += more;
		}
		length = snprintf(line, sizeof line, "%-20ld", n);
		if (pwrite(said, line, length, 0) != length)
			return 2;
		usleep(700);
	}
}
