/*
 * template_platform.c - the template platform of the examples, for the conformance suite.
 *
 * The example builds its own file; this one makes it part of the test programs of this folder.
 */
#include "../../examples/template_platform/template_ops.c"
