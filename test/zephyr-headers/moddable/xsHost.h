/* Declarations only, for a compile check: see README.md. */
#ifndef MODDABLE_XSHOST_H
#define MODDABLE_XSHOST_H

#include <stdint.h>

typedef void (*modMessageDeliver)(void *the, void *refcon, uint8_t *message, uint16_t length);

void ESP_putc(int c);
void modTimersExecute(void);
int modTimersNext(void);
int modMessageService(xsMachine *the, int maxDelayMS);
int modMessagePostToMachineFromISR(xsMachine *the, modMessageDeliver callback, void *refcon);

#endif
