#include "freeze.h"

/*
 * Written after what the Moddable SDK 8.2.3 does between preloading and writing the program (xs/tools/xsl.c,
 * fxFreezeBuiltIns; xs/tools/xslSlot.c, fxPrepareHeap). Flags alone are set, so that it takes no memory.
 */

/* As Object.freeze(), and for what XS keeps inside too: a buffer's bytes, a map's entries, an array's length. */
static void freezeInstance(txSlot *instance)
{
	for (txSlot *property = instance->next; property; property = property->next) {
		if (property->kind != XS_ACCESSOR_KIND)
			property->flag |= XS_DONT_SET_FLAG;
		property->flag |= XS_DONT_DELETE_FLAG;
	}
	instance->flag |= XS_DONT_PATCH_FLAG;
}

static bool isFrozen(const txSlot *instance)
{
	if (!(instance->flag & XS_DONT_PATCH_FLAG))
		return false;
	for (const txSlot *property = instance->next; property; property = property->next) {
		if (property->flag & XS_INTERNAL_FLAG)
			continue;
		if (!(property->flag & XS_DONT_DELETE_FLAG))
			return false;
		if (property->kind != XS_ACCESSOR_KIND && !(property->flag & XS_DONT_SET_FLAG))
			return false;
	}
	return true;
}

/* What is frozen cannot be written in flash: its private fields neither, static ones of a class among them. */
static void freezePrivate(txSlot *instance)
{
	for (txSlot *property = instance->next; property; property = property->next) {
		if (property->kind != XS_PRIVATE_KIND)
			continue;
		for (txSlot *field = property->value.private.first; field; field = field->next) {
			if (field->kind != XS_ACCESSOR_KIND)
				field->flag |= XS_DONT_SET_FLAG;
			field->flag |= XS_DONT_DELETE_FLAG;
		}
	}
}

static void freezeFunction(txSlot *function)
{
	freezeInstance(function);
	if (!(function->flag & XS_CAN_CONSTRUCT_FLAG))
		return;
	for (const txSlot *property = function->next; property; property = property->next)
		if (property->ID == mxID(_prototype) && property->kind == XS_REFERENCE_KIND)
			freezeInstance(property->value.reference);
}

/* By what XS keeps inside. Ordinary objects and arrays stay as they are: XS copies them before they are written. */
static void freezeByKind(txSlot *instance)
{
	const txSlot *internal = instance->next;
	if (!internal || !(internal->flag & XS_INTERNAL_FLAG))
		return;
	switch (internal->kind) {
	case XS_CALLBACK_KIND:
	case XS_CALLBACK_X_KIND:
	case XS_CODE_KIND:
	case XS_CODE_X_KIND:
		freezeFunction(instance);
		break;
	case XS_ARRAY_BUFFER_KIND:
	case XS_DATA_VIEW_KIND:
	case XS_MAP_KIND:
	case XS_PROMISE_KIND:
	case XS_PROXY_KIND:
	case XS_REGEXP_KIND:
	case XS_SET_KIND:
	case XS_TYPED_ARRAY_KIND:
	case XS_WEAK_MAP_KIND:
	case XS_WEAK_REF_KIND:
	case XS_WEAK_SET_KIND:
		freezeInstance(instance);
		break;
	default:
		break;
	}
}

/* A variable that holds a function is a constant. */
static void freezeVariable(txSlot *variable)
{
	if (variable->kind == XS_REFERENCE_KIND && mxIsFunction(variable->value.reference))
		variable->flag |= XS_DONT_SET_FLAG;
}

void machineFreeze(txMachine *the)
{
	/* Prototypes that no constructor names, of iterators for example, and Atomics, JSON, Math and Reflect. */
	for (int id = XS_SYMBOL_ID_COUNT; id <= mxThrowTypeErrorFunctionStackIndex; id++) {
		const txSlot *intrinsic = &the->stackPrototypes[-1 - id];
		if (intrinsic->kind == XS_REFERENCE_KIND)
			freezeInstance(intrinsic->value.reference);
	}
	for (txSlot *heap = the->firstHeap; heap; heap = heap->next)
		for (txSlot *slot = heap + 1; slot < heap->value.reference; slot++) {
			if (slot->kind == XS_INSTANCE_KIND)
				freezeByKind(slot);
			else if (slot->kind == XS_CLOSURE_KIND && slot->value.closure)
				freezeVariable(slot->value.closure);
		}
	/* Only now, because a prototype may come before the class that it belongs to. */
	for (txSlot *heap = the->firstHeap; heap; heap = heap->next)
		for (txSlot *slot = heap + 1; slot < heap->value.reference; slot++)
			if (slot->kind == XS_INSTANCE_KIND && isFrozen(slot))
				freezePrivate(slot);
}
