/* status.c - symbols and messages of the status codes, version; see status.h. Any thread. */
#include <slipway/slipway.h>

#include <stddef.h>

#define TEXT_OF(x) #x
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

/* One row of the table in status.h. */
struct status_row {
    slip_status status;
    const char *name;
    const char *message;
};

static const struct status_row rows[] = {
#define STATUS_ROW(symbol, value, message) {(value), "SLIP_" #symbol, (message)},
    SLIP_STATUS_TABLE(STATUS_ROW)
#undef STATUS_ROW
};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

/* The row of a code; null if it is none. */
static const struct status_row *find(slip_status status)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].status == status) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *slip_status_name(slip_status status)
{
    const struct status_row *row = find(status);
    return row != NULL ? row->name : "SLIP_E_?";
}

const char *slip_status_message(slip_status status)
{
    const struct status_row *row = find(status);
    return row != NULL ? row->message : "not a status code of this version of Slipway";
}

const char *slip_version(void)
{
    return VERSION_TEXT(SLIP_VERSION_MAJOR, SLIP_VERSION_MINOR, SLIP_VERSION_PATCH);
}
