/* What the supervisor opens, and the one sentence for whatever cannot be. */
#ifndef PORTS_H
#define PORTS_H

#include "sim.h"

/* Writes the event {"event":"refused","message":…} and ends the process with code 2. */
void refuse(int events, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

/* saved.c: reads arguments from a file. Returns how many there are, the first being the path. */
int savedArguments(int events, const char *path, char ***arguments);

/* Opens and locks the flash file. False if there is none. Refuses one that is in use or has another size. */
bool openFlash(int events, const char *path, int64_t size, ChipFile *file);

/* Opens the file of the one-time programmable memory; makes it, all bits set, if there is none. */
void openOtp(int events, const char *path, ChipFile *file);

/* record.c: the counters of so many sectors, shared with every device process. Makes the file if there is none that fits. */
uint32_t *openWear(int events, const char *path, int64_t sectors);

/* Reserves a path for the link to the serial line, for as long as this process lives. Changes no file. */
void claimSerial(int events, const char *path);
/* Opens the pseudo-terminal and makes `path` a link to it. `target` takes the name of its client side. */
void openSerial(Sim *sim, const char *path, char *target, size_t targetSize);
/* Makes the link again, if somebody has removed it. */
void keepSerial(const char *path, const char *target);
/* Removes the link, if it still is ours. */
void removeSerial(const char *path, const char *target);

/* Binds the socket. `name` takes ADDRESS:PORT as it became. */
int openUdp(int events, const char *address, const char *port, char *name, size_t nameSize);
/* The same for TCP; the socket listens. */
int openTcp(int events, const char *address, const char *port, char *name, size_t nameSize);

/* The address of a Bluetooth controller. It need not listen yet. Returns the length. */
socklen_t addressOf(int events, const char *address, const char *port, struct sockaddr_storage *into);

/* Refuses what is no directory that the file system group could have. */
void checkFiles(int events, const char *path);

#endif
