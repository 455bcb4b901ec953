#include "xslink.h"

/*
 * Facts about machines over constant tables are XS's own: xsAPI.c, fxShareMachine() and fxCloneMachine(), say what such a
 * machine takes from its tables; xsMemory.c, fxShare(), and xsType.c, fxAliasInstance(), say what an alias is.
 */

#define FOR_EACH_SLOT(slot) \
	for (txSlot *heap = the->firstHeap; heap; heap = heap->next) \
		for (txSlot *slot = heap + 1; slot < heap->value.reference; slot++)

static bool isCode(const txSlot *slot) { return slot && (slot->kind == XS_CODE_KIND || slot->kind == XS_CODE_X_KIND); }

static bool isFunction(const txSlot *slot)
{
	if (slot->kind != XS_INSTANCE_KIND || !slot->next || !(slot->next->flag & XS_INTERNAL_FLAG))
		return false;
	const txSlot *code = slot->next;
	return isCode(code) || code->kind == XS_CALLBACK_KIND || code->kind == XS_CALLBACK_X_KIND;
}

static void freeze(txSlot *instance)
{
	for (txSlot *property = instance->next; property; property = property->next) {
		if (property->kind != XS_ACCESSOR_KIND)
			property->flag |= XS_DONT_SET_FLAG;
		property->flag |= XS_DONT_DELETE_FLAG;
	}
	instance->flag |= XS_DONT_PATCH_FLAG;
}

/* The realm belongs to the new machine. Nothing is left to be run of a module. */
static void prepareModules(txMachine *the)
{
	txSlot *program = mxModuleInstanceInternal(mxProgram.value.reference);
	txSlot *realm = program->value.module.realm;
	txSlot *modules = mxOwnModules(realm)->value.reference;
	for (txSlot *module = modules->next; module; module = module->next) {
		mxModuleInternal(module)->value.module.realm = NULL;
		mxModuleMeta(module)->next = NULL;
		freeze(mxModuleExports(module)->value.reference);
	}
	freeze(modules);
	program->value.module.realm = NULL;
	mxException.kind = XS_REFERENCE_KIND;
	mxException.value.reference = mxRealmClosures(realm)->value.reference;
	mxProgram.value.reference = modules;
}

/* A machine over tables has a global object of its own, which inherits from this one. */
static void prepareGlobal(txMachine *the)
{
	txSlot *global = mxGlobal.value.reference;
	for (txSlot **at = &global->next; *at;)
		if ((*at)->ID == mxID(_global) || (*at)->ID == mxID(_globalThis))
			*at = (*at)->next;
		else
			at = &(*at)->next;
	freeze(global);
}

/* Lists of the old machine's life. The new machine makes its own. */
static void prepareStack(txMachine *the)
{
	for (int i = mxHostsStackIndex; i <= mxInstanceInspectorsStackIndex; i++)
		the->stackTop[-1 - i].kind = XS_UNDEFINED_KIND;
}

/* Many functions have the same variables in view, or belong to the same class: their slots are the same ones then. */

static struct {
	txSlot **slots;
	size_t count;
} shared;

static bool isSame(const txSlot *a, const txSlot *b)
{
	if (a->next != b->next || a->ID != b->ID || a->flag != b->flag || a->kind != b->kind)
		return false;
	switch (a->kind) {
	case XS_CLOSURE_KIND:
	case XS_REFERENCE_KIND:
		return a->value.reference == b->value.reference;
	case XS_UNDEFINED_KIND:
	case XS_NULL_KIND:
		return true;
	case XS_HOME_KIND:
		return a->value.home.object == b->value.home.object && a->value.home.module == b->value.home.module;
	case XS_INSTANCE_KIND:
		return a->value.instance.prototype == b->value.instance.prototype;
	default:
		return false;
	}
}

static txSlot *share(txSlot *slot)
{
	for (size_t i = 0; i < shared.count; i++)
		if (isSame(shared.slots[i], slot))
			return shared.slots[i];
	shared.slots = linkGrow(shared.slots, shared.count, sizeof(*shared.slots));
	return shared.slots[shared.count++] = slot;
}

static txSlot *shareList(txSlot *slot)
{
	if (!slot)
		return NULL;
	slot->next = shareList(slot->next);
	return share(slot);
}

static txSlot *shareEnvironment(txSlot *environment)
{
	if (environment->value.instance.prototype)
		environment->value.instance.prototype = shareEnvironment(environment->value.instance.prototype);
	return shareList(environment);
}

static void shareFunctions(txMachine *the)
{
	FOR_EACH_SLOT(slot)
	{
		if (!isFunction(slot))
			continue;
		txSlot *home = mxFunctionInstanceHome(slot);
		home->ID = XS_NO_ID;
		if (!home->next)
			mxFunctionInstanceHome(slot) = share(home);
		if (isCode(slot->next) && slot->next->value.code.closures)
			slot->next->value.code.closures = shareEnvironment(slot->next->value.code.closures);
	}
}

/* Aliases */

static bool isConstant(const txSlot *property)
{
	return (property->flag & XS_DONT_DELETE_FLAG) &&
		(property->kind == XS_ACCESSOR_KIND || property->flag & XS_DONT_SET_FLAG);
}

static bool isFrozen(txMachine *the, const txSlot *instance)
{
	if (instance->next && instance->next->flag & XS_INTERNAL_FLAG && instance->next->ID == XS_ENVIRONMENT_BEHAVIOR &&
		instance->flag & XS_EXOTIC_FLAG)
		return true;
	if (!(instance->flag & XS_DONT_PATCH_FLAG))
		return false;
	for (txSlot *property = instance->next; property; property = property->next) {
		if (property->kind == XS_ARRAY_KIND) {
			const txSlot *item = property->value.array.address;
			for (txIndex count = fxGetIndexSize(the, property); count > 0; count--)
				if (!isConstant(item++))
					return false;
		}
		if (!(property->flag & XS_INTERNAL_FLAG) && !isConstant(property))
			return false;
	}
	return true;
}

static void numberAliases(txMachine *the)
{
	the->aliasCount = 1;
	FOR_EACH_SLOT(slot)
	{
		if (slot->kind == XS_INSTANCE_KIND)
			slot->ID = XS_NO_ID;
	}
	FOR_EACH_SLOT(slot)
	{
		if (slot->kind == XS_INSTANCE_KIND && !isFrozen(the, slot))
			slot->ID = the->aliasCount++;
		if (slot->kind != XS_CLOSURE_KIND || !slot->value.closure)
			continue;
		txSlot *variable = slot->value.closure;
		if (!(variable->flag & XS_DONT_SET_FLAG) && variable->ID == XS_NO_ID)
			variable->ID = the->aliasCount++;
	}
}

void linkPrepare(txMachine *the, const Image *image)
{
	for (int i = 0; i < image->moduleCount; i++)
		linkScanCode(&image->modules[i]);
	prepareModules(the);
	prepareGlobal(the);
	prepareStack(the);
	fxCollectGarbage(the);
	linkUseAll(the, image);
	linkStrip(the, image);
	fxCollectGarbage(the);
	shareFunctions(the);
	numberAliases(the);
}
