/* Declarations only, for a compile check: see README.md. */
#ifndef ZEPHYR_SYS_PRINTK_H
#define ZEPHYR_SYS_PRINTK_H

void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
