/*
 * test_timeouts.c - the named time-outs of an onboard device: defaults, environment, order.
 * ctest-labels: unit onboard
 */
#include <stdlib.h>

#include "platform/onboard/timeouts.h"
#include "support/check.h"

#define SCHEDULER "SLIPWAY_ONBOARD_SCHEDULER_TIMEOUT_MS"
#define OPERATION "SLIPWAY_ONBOARD_OPERATION_TIMEOUT_MS"
#define SYNCHRONISE "SLIPWAY_ONBOARD_SYNCHRONISE_TIMEOUT_MS"

/* Sets the three variables; null takes one away. */
static void set(const char *scheduler, const char *operation, const char *synchronise)
{
    const char *names[3] = {SCHEDULER, OPERATION, SYNCHRONISE};
    const char *values[3] = {scheduler, operation, synchronise};
    for (int i = 0; i < 3; i++) {
        if (values[i] != NULL) {
            (void)setenv(names[i], values[i], 1);
        } else {
            (void)unsetenv(names[i]);
        }
    }
}

/* Defaults are in order. */
static void defaults(void)
{
    slipi_timeouts t;
    char why[256] = "";
    set(NULL, "", NULL);
    CHECK_STATUS(SLIP_OK, slipi_timeouts_from_environment(&t, why, sizeof(why)));
    CHECK(0 < t.scheduler && t.scheduler < t.operation && t.operation < t.synchronise);
    CHECK_STR(why, "");
}

/* The environment's values are taken. */
static void values(void)
{
    slipi_timeouts t;
    char why[256] = "";
    set("1", "2", "1000000");
    CHECK_STATUS(SLIP_OK, slipi_timeouts_from_environment(&t, why, sizeof(why)));
    CHECK_EQ(t.scheduler, 1);
    CHECK_EQ(t.operation, 2);
    CHECK_EQ(t.synchronise, 1000000);
}

/* What is no time is refused by its name. */
static void bad_values(void)
{
    static const char *const bad[] = {
        "0", "-1", "5x", "x", " 5", "1000001", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        slipi_timeouts t;
        char why[256] = "";
        set(NULL, bad[i], NULL);
        CHECK_STATUS(SLIP_E_INVALID_ARGUMENT,
                     slipi_timeouts_from_environment(&t, why, sizeof(why)));
        CHECK_CONTAINS(why, OPERATION);
        CHECK_CONTAINS(why, bad[i]);
    }
}

/* A wrong order is refused: equal ones too, and one that is only wrong against a default. */
static void bad_order(void)
{
    static const char *const bad[][3] = {
        {"5", "5", "6"}, {"5", "6", "6"}, {"7", "6", "8"}, {"900000", NULL, NULL}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        slipi_timeouts t;
        char why[256] = "";
        set(bad[i][0], bad[i][1], bad[i][2]);
        CHECK_STATUS(SLIP_E_INVALID_ARGUMENT,
                     slipi_timeouts_from_environment(&t, why, sizeof(why)));
        CHECK_CONTAINS(why, "less than the next");
        CHECK_CONTAINS(why, bad[i][0]);
    }
}

int main(void)
{
    CHECK_CASE(defaults);
    CHECK_CASE(values);
    CHECK_CASE(bad_values);
    CHECK_CASE(bad_order);
    return check_report();
}
