/* Declarations only, for a compile check: see README.md. */
#ifndef ZEPHYR_KERNEL_H
#define ZEPHYR_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define ARG_UNUSED(x) (void)(x)

typedef void (*k_thread_entry_t)(void *p1, void *p2, void *p3);

struct k_thread_declaration {
	k_thread_entry_t entry;
	size_t stack_size;
	void *arguments[3];
	int priority;
	uint32_t options;
	int32_t delay;
};

#define K_THREAD_DEFINE(name, stack_size, entry, p1, p2, p3, prio, options, delay) \
	extern const struct k_thread_declaration name; \
	const struct k_thread_declaration name = { entry, stack_size, { p1, p2, p3 }, prio, options, delay }

void *k_calloc(size_t count, size_t size);
void k_free(void *memory);

#endif
