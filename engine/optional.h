/*
 * Functions of XS that are weak where xslink's tables are linked, because these bring a function of their own where nothing in
 * the program needs XS's (xslink-defaults.c). Included by the platform's header.
 */
#ifndef OPTIONAL_H
#define OPTIONAL_H

#pragma weak fx_pow

#endif
