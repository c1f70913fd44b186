/*
 * weak.h - a memory in which a thread may read what is no longer the newest, for models that
 * explore.h visits.
 *
 * For model tests; one thread. It is an operational form of C11's memory model as repaired by RC11
 * (Lahav et al., PLDI 2017), after the view-based machines of that line of work:
 *
 *   - A location holds its messages (values written) in modification order. A store may be put
 *     anywhere behind what its thread has seen of the location, not only at the end.
 *   - A thread has a view: for each location the oldest message that it may still read. A load may
 *     return any message from there on; what it returns is seen.
 *   - A release write leaves its thread's view in the message, an acquire read joins it. A relaxed
 *     write leaves nothing.
 *   - A read-modify-write reads a message and is put directly behind it; nothing comes between. It
 *     passes the view of the message on, so a release sequence is a chain of read-modify-writes
 *     (as in C++20; C11 also counts later stores of the same thread, which orders more).
 *   - A seq_cst access is also an acquire or release; a seq_cst load or store keeps behind the
 *     newest seq_cst write of its location so far. The order S is the order of exploration.
 *   - Data, that is what is accessed without atomics, has no history: an access that is not ordered
 *     after every conflicting one is a data race, and breaks the model. Who knows of the last write
 *     and of each thread's reads is part of the views. Caches may be made incoherent.
 *
 * All of it is explored: interleavings, which message a load returns, where a store is put. Not
 * explored: a load that returns what is written later (load buffering, out of thin air); executions
 * in which S contradicts the order in which relaxed accesses saw each other; stand-alone fences,
 * consume, and accesses of mixed size, none of which Slipway has.
 */
#ifndef SLIPWAY_TESTS_WEAK_H
#define SLIPWAY_TESTS_WEAK_H

#include "explore.h"

enum {
    WEAK_THREADS = 4,
    WEAK_LOCATIONS = 8,
    WEAK_MESSAGES = 8, /* of one location, that some thread may still read */
    WEAK_DATA = 12,
    WEAK_OTHER = WEAK_MESSAGES, /* a choice that is none of an access, for the model's own use */
    WEAK_CHOICES                /* ways that a step with one atomic access may go */
};

enum weak_order { WEAK_RELAXED, WEAK_ACQUIRE, WEAK_RELEASE, WEAK_ACQ_REL, WEAK_SEQ_CST };

/* What a thread knows, or a message tells. */
typedef struct weak_view {
    uint64_t data;                /* per data: the last write is known, each thread's reads are */
    uint8_t seen[WEAK_LOCATIONS]; /* number of the oldest message that may be read */
} weak_view;

typedef struct weak_message {
    weak_view view;
    uint8_t value;
    uint8_t adjacent; /* 1: a read-modify-write of the message before it */
    uint8_t reserved[6];
} weak_message;

/* First member of a model's state. */
typedef struct weak_memory {
    weak_view thread[WEAK_THREADS];
    weak_view lock;                   /* left by the last critical section */
    uint8_t count[WEAK_LOCATIONS];    /* messages; at least 1 */
    uint8_t seq_cst[WEAK_LOCATIONS];  /* number of the newest seq_cst write */
    uint8_t watchers[WEAK_LOCATIONS]; /* sets of threads; see weak_watch */
    uint8_t ended;                    /* set of threads */
    uint8_t threads;
    uint8_t incoherent; /* 1: threads have caches of their own; see weak_publish */
    uint8_t reserved[5];
    uint64_t heard[WEAK_THREADS]; /* writes of data that a thread may acquire */
    uint64_t kept;                /* writes of data that their threads have not published */
    weak_message message[WEAK_LOCATIONS][WEAK_MESSAGES];
} weak_memory;

/* A thread that makes one step, and which of the ways to make it. */
typedef struct weak_actor {
    weak_memory *memory;
    uint32_t thread;
    uint32_t choice;
} weak_actor;

/* A read-modify-write: what it makes of the value that it reads. */
enum weak_kind { WEAK_ADD, WEAK_OR, WEAK_SET, WEAK_SET_IF };
typedef struct weak_change {
    enum weak_kind kind;
    uint8_t value;    /* added or set; its bits with WEAK_OR */
    uint8_t expected; /* WEAK_SET_IF; else it is a load, acquire or relaxed as the order says */
} weak_change;

/* All locations zero, nothing ever accessed. */
void weak_init(weak_memory *memory, uint32_t threads);

/* Another initial value of a location. */
void weak_preset(weak_memory *memory, uint32_t location, uint8_t value);

/*
 * Says which threads (a set) ever load or store a location. Others do not access it, or by
 * read-modify-writes only while all its writes are such, so that they always read the newest: what
 * they have seen of it does not count, and states become fewer. Without this all threads count.
 */
void weak_watch(weak_memory *memory, uint32_t location, uint32_t threads);

/*
 * Atomic accesses; one a step, which may be followed by accesses of data. False: this choice is
 * none. A load takes the newest message by choice 0; a store goes to the end by choice 0.
 */
bool weak_load(weak_actor a, uint32_t location, enum weak_order order, uint8_t *out_value);
bool weak_store(weak_actor a, uint32_t location, enum weak_order order, uint8_t value);
bool weak_update(weak_actor a, uint32_t location, enum weak_order order, weak_change change,
                 uint8_t *out_old);

/* Accesses of data; false if there is a race. The model holds the value. */
bool weak_read(weak_actor a, uint32_t data);
bool weak_write(weak_actor a, uint32_t data);

/*
 * If caches are incoherent, a write of data is seen by another thread only if the writer publishes
 * the data between its write and a release, and the reader acquires it between the acquire that
 * pairs with it and its read. Else both do nothing.
 */
void weak_publish(weak_actor a, uint32_t data);
void weak_acquire(weak_actor a, uint32_t data);

/* The actor is in a critical section of the one lock, for the length of this step. */
void weak_lock(weak_actor a);

/* A thread starts: it knows what its maker knows. */
void weak_start(weak_actor maker, uint32_t thread);

/* The actor makes no further step. */
void weak_end(weak_actor a);

/* After a step: forgets what nobody can read any more, so that equal states are equal bytes. */
void weak_settle(weak_memory *memory);

#endif
