/* Declarations only, for a compile check: see README.md. */
#ifndef MODDABLE_XSHOST_H
#define MODDABLE_XSHOST_H

void ESP_putc(int c);
void modTimersExecute(void);
int modTimersNext(void);
int modMessageService(xsMachine *the, int maxDelayMS);

#endif
