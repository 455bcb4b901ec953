/* What newlib and XS ask of an operating system. */
#include <errno.h>
#include <sys/types.h>

#include "board.h"

extern char linkHeap[], linkHeapEnd[], linkStack[];

/* The heap never gives back: this is its peak, for benchmarks too. */
static char *heapTop = linkHeap;

void *_sbrk(ptrdiff_t size);

void *_sbrk(ptrdiff_t size)
{
	if (size > linkHeapEnd - heapTop) {
		errno = ENOMEM;
		return (void *)-1;
	}
	char *block = heapTop;
	heapTop += size;
	return block;
}

void _exit(int code)
{
	(void)code; /* whatever ended the program has said so */
	boardReset();
}

/* Where C code that XS calls must not go below: the limit of the stack, and room for what does not check. */
char *fxCStackLimit(void);
char *fxCStackLimit(void) { return linkStack + 1024; }

/* There are no files for C's streams; newlib wants these all the same. */
int _write(int file, const void *bytes, size_t length);
int _read(int file, void *into, size_t length);
int _close(int file);
int _fstat(int file, void *status);
int _isatty(int file);
int _lseek(int file, int offset, int whence);
int _kill(int process, int signal);
int _getpid(void);

int _write(int file, const void *bytes, size_t length) { return -1; }
int _read(int file, void *into, size_t length) { return -1; }
int _close(int file) { return -1; }
int _fstat(int file, void *status) { return -1; }
int _isatty(int file) { return 0; }
int _lseek(int file, int offset, int whence) { return -1; }
int _kill(int process, int signal) { return -1; }
int _getpid(void) { return 1; }
