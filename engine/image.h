/*
 * A compiled program: ES modules as XS bytecode that runs in place from constant memory. engine/bundle.mjs writes
 * one `const Image` per bundle; a binary may hold several.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdint.h>

typedef struct {
	const char *name; /* path from the root of the repository, without extension: "modules/smp/server" */
	const int8_t *code;
	int32_t size; /* bytes */
} ImageModule;

/*
 * A manifest's `creation`: chunk sizes in bytes, heap and stack in slots. `initialKeys` comes on top of XS's own keys
 * and the image's.
 */
typedef struct {
	int32_t initialChunk, incrementalChunk;
	int32_t initialHeap, incrementalHeap;
	int32_t stack;
	int32_t initialKeys, incrementalKeys, nameModulo, symbolModulo;
	int32_t limit; /* `static`: most bytes the machine may have for stack, slots and chunks together; 0 = no limit */
} ImageCreation;

typedef struct {
	const char *name;
	const char *main; /* module to run unless the host names another */
	ImageCreation creation;
	const ImageModule *modules; /* in the order of strcmp() on their names */
	int32_t moduleCount;
	const char *const *keys; /* property names, with ids that follow those built into XS */
	int32_t keyCount;
	const char *const *preload; /* names of modules to import before all else; what they leave is frozen (freeze.h) */
	int32_t preloadCount;
	const char *const *strip; /* for xslink: globals to leave out; "*" for all built-ins that nothing names */
	int32_t stripCount;
	/*
	 * Of an image that xslink wrote, else NULL: XS's txPreparation, the machine with all that is preloaded, names
	 * included. `modules` then has the others alone.
	 */
	const void *preparation;
} Image;

#endif
