/* What the event loop (app/src/main.c) asks of native.c. */
#ifndef RTL8721F_TURN_H
#define RTL8721F_TURN_H

/*
 * Before each wait for messages: hands over what the UART has got, and feeds the watchdog. `wait`: until the next timer,
 * milliseconds. Returns how long to wait at most.
 */
int nativeTurn(xsMachine *the, int wait);

#endif
