/*
 * test_status.c - every status code has its symbol and its message; the version is spelled.
 * ctest-labels: unit
 */
#include <slipway/slipway.h>

#include <stdio.h>

#include "support/check.h"

static const slip_status all[] = {
#define CODE(symbol, value, message) (value),
    SLIP_STATUS_TABLE(CODE)
#undef CODE
};
enum { COUNT = sizeof(all) / sizeof(all[0]) };

/* The table's own text comes back. */
static void names_and_messages(void)
{
#define SAME(symbol, value, message)                     \
    CHECK_STR(slip_status_name(value), "SLIP_" #symbol); \
    CHECK_STR(slip_status_message(value), message);
    SLIP_STATUS_TABLE(SAME)
#undef SAME
}

/* Values are 0, -1, -2, ... : none twice, none left out. */
static void values_are_dense(void)
{
    for (int i = 0; i < COUNT; i++) {
        CHECK_EQ(all[i], -i);
    }
}

/* A number that is no code still gets a text. */
static void unknown_codes(void)
{
    CHECK_STR(slip_status_name(1), "SLIP_E_?");
    CHECK_STR(slip_status_name(-COUNT), "SLIP_E_?");
    CHECK_STR(slip_status_name(INT32_MIN), "SLIP_E_?");
    CHECK_CONTAINS(slip_status_message(-COUNT), "not a status code");
}

/* "MAJOR.MINOR.PATCH" of the header. */
static void version(void)
{
    char wanted[32];
    (void)snprintf(wanted, sizeof(wanted), "%d.%d.%d", SLIP_VERSION_MAJOR, SLIP_VERSION_MINOR,
                   SLIP_VERSION_PATCH);
    CHECK_STR(slip_version(), wanted);
}

/* Runs the cases. */
int main(void)
{
    CHECK_CASE(names_and_messages);
    CHECK_CASE(values_are_dense);
    CHECK_CASE(unknown_codes);
    CHECK_CASE(version);
    return check_report();
}
