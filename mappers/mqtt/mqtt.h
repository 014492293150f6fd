/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of the mapper for devices that speak MQTT themselves.
 *
 * A broker is one connection, shared by the devices with the same address and credentials. It has
 * one network thread of its own, which alone calls libmosquitto: it connects, subscribes, publishes
 * what lanes have queued, turns messages into values and reports them.
 *
 * One lock a broker guards all that its thread and the lanes share: the devices that are open, the
 * last values of their points, the filters and the queue. It is held for copies, never across a
 * call to the host or to libmosquitto.
 */
#ifndef MQTT_H
#define MQTT_H

#include <mosquitto.h>
#include <pthread.h>

#include "convert.h"
#include "mapper/ext/subscribe.h"
#include "mapper/helpers.h"

#define MS ((int64_t)1000000) /* in nanoseconds */

/* Times between two attempts to connect. */
#define BACKOFF_FIRST (500 * MS)
#define BACKOFF_LAST (30000 * MS)
/* A connection that held so long starts the back-off anew. */
#define BACKOFF_RESET (10000 * MS)
/* A broker that has not accepted in this time is given up. */
#define CONNECT_LIMIT (10000 * MS)
#define KEEPALIVE_S 30

#define TEXT_MAX 256

/* The host, from load to unload. */
extern mapper_host *mqtt_host;
extern const mapper_host_api *mqtt_api;

typedef struct mqtt_broker mqtt_broker;
typedef struct mqtt_filter mqtt_filter;
typedef struct mqtt_point mqtt_point;
typedef struct mqtt_publish mqtt_publish;

/* ---- points and devices (point.c, device.c, exchange.c) ----------------------------------- */

struct mqtt_point {
  uint32_t id;
  mapper_device *device;
  char *name, *topic, *set_topic, *path, *set_template, *on, *off; /* null where absent */
  conversion conversion;
  int qos;
  bool retain, has_wildcard;
  bool is_bound;

  /* From open to close. */
  mqtt_filter *filter;
  mqtt_point *next_of_filter;

  /* The last message. What `value` points to is in `room`; only the network thread changes it. */
  bool has_message;
  bool is_stale; /* none came for the device's staleAfterMs */
  /* The broker's connection in which one came, and in which one came that was not retained. */
  uint32_t seen_connection, live_connection;
  mapper_status status;
  mapper_value value;
  buffer room;
  char *why; /* TEXT_MAX bytes, from the first bad one on: why there is no value */
  int64_t arrived_ns;

  /* Of the subscription. */
  bool is_subscribed;
  bool is_dirty; /* on the device's list: not yet reported */
  mqtt_point *next_dirty;
  int64_t reported_ns;
};

struct mapper_device {
  uint64_t token;
  mqtt_broker *broker;
  char *topic_prefix; /* or null */
  int qos;
  int64_t stale_after; /* ns; 0: never */

  mqtt_point *points;
  uint32_t count;
  buffer answers; /* what the last read's values point to */

  /* Guarded by the broker's lock. */
  mapper_device *next, *previous; /* of the broker's open devices */
  int wake_fd;                    /* of the lane call that waits, or -1 */
  bool is_attached, is_open;
  uint64_t subscription; /* with is_reporting */
  bool is_reporting;
  int64_t min_interval;
  mqtt_point *dirty, **dirty_end; /* in the order of their messages */
  mapper_sample *samples;         /* `count` of them, for one report */
  int64_t due_ns;                 /* the network thread is to look at it again */
  int64_t busy_wait;              /* how long it waits after BUSY; 0: the host is not busy */
  int64_t busy_until_ns;
  bool is_queued; /* on the broker's list of work */
  mapper_device *next_work;
  int32_t link_told, link_now; /* MAPPER_LINK_ */
};

mapper_status point_bind(mqtt_point *point, mapper_device *device, const mapper_point *from,
                         const mapper_call *call);
void point_free(mqtt_point *point);

/* What a lane call waits with: a descriptor that device_notify makes readable. False, with the text
 * recorded, when there is none to be had. */
bool device_wait_begin(mapper_device *device, const mapper_call *call);
/* OK: notified; CANCELLED; TIMEOUT: the deadline has come. */
mapper_status device_wait(mapper_device *device, const mapper_call *call);
void device_wait_end(mapper_device *device);
/* With the broker's lock held: wakes the lane call that waits, if there is one. */
void device_notify(mapper_device *device);

mapper_status exchange_read(mapper_device *device, const mapper_call *call, const uint32_t *points,
                            uint32_t count, mapper_sample *out);
mapper_status exchange_write(mapper_device *device, const mapper_call *call,
                             const mapper_write *writes, uint32_t count, mapper_status *results);
extern const mapper_subscribe exchange_subscribe;

/* ---- brokers (broker.c) ------------------------------------------------------------------- */

typedef enum broker_state { BROKER_DOWN, BROKER_CONNECTING, BROKER_UP } broker_state;

/* Who is connected to what. */
typedef struct broker_key {
  char *host; /* a name or an address */
  int port;
  char *username, *password, *client_id; /* null where absent */
} broker_key;

#define FILTER_BUCKETS 1024

struct mqtt_broker {
  /* Guarded by the lock of the list of brokers. */
  mqtt_broker *next;
  uint32_t references; /* devices that exist */
  bool has_thread, has_ended;

  broker_key key;
  char address[TEXT_MAX]; /* for messages: host:port */
  char client_id[24];     /* the one we made, if the key has none */
  pthread_t thread;
  int wake_fd; /* wakes the network thread */

  pthread_mutex_t lock;
  pthread_cond_t idle; /* `current` has changed */
  bool is_stopping;
  broker_state state;  /* changed by the network thread alone */
  uint32_t connection; /* counts them */
  uint32_t failures;   /* attempts and connections that have ended so far */
  mapper_status failure;
  char failure_text[TEXT_MAX];
  int64_t attempted_ns, attempt_ns; /* the last attempt, the next one */
  mapper_device *devices;
  mapper_device *current; /* a call to the host about it is under way */
  mapper_device *work, **work_end;
  int64_t due_ns; /* the earliest of the devices' */
  mqtt_filter *buckets[FILTER_BUCKETS];
  mqtt_filter *wildcards;
  bool filters_changed;
  mqtt_publish *queue, **queue_end; /* not yet with libmosquitto */
  mqtt_publish *in_flight;          /* with it, not yet acknowledged */
  uint32_t in_flight_count;

  /* The network thread's alone. */
  struct mosquitto *client;
  struct broker_addresses {
    char text[8][64]; /* numeric */
    int count, next;
  } addresses;
  int64_t connected_ns, connect_end_ns;
  int64_t backoff;
  int refusal; /* the code of a CONNACK that refused, or 0 */
};

/* A broker for the key, which it takes; the same for equal keys. Null when there is no memory. */
mqtt_broker *broker_take(broker_key *key);
void broker_release(mqtt_broker *broker);
/* Joins the threads of brokers that nobody uses; with `wait` those too that still have to end. */
void broker_reap(bool wait);
void broker_key_free(broker_key *key);
/* Parses tcp://HOST:PORT. */
bool broker_parse(const char *url, broker_key *key);
mapper_status broker_start(mqtt_broker *broker, const mapper_call *call);
void broker_wake(mqtt_broker *broker);

/* The body of the network thread (network.c). */
void *broker_run(void *broker);

/* All below is called with the broker's lock held. */

/* ---- filters (filter.c) ------------------------------------------------------------------- */

typedef enum filter_state {
  FILTER_WANTED, /* to be subscribed */
  FILTER_ASKED,  /* SUBSCRIBE is under way */
  FILTER_GRANTED,
  FILTER_REFUSED,
} filter_state;

/* A topic filter that points of any device of the broker wait on. */
struct mqtt_filter {
  mqtt_filter *next, *next_wildcard;
  char *topic;
  mqtt_point *points;
  int qos;
  filter_state state;
  bool is_sent;  /* the broker may have a subscription */
  int mid, slot; /* FILTER_ASKED: the packet and the place in it */
};

bool filter_join(mqtt_broker *broker, mqtt_point *point);
void filter_leave(mqtt_broker *broker, mqtt_point *point);
/* Calls `take` for each point whose filter matches the topic. */
void filter_match(mqtt_broker *broker, const char *topic,
                  void (*take)(mqtt_point *point, void *context), void *context);
/* A new connection: all are to be subscribed again. */
void filter_forget(mqtt_broker *broker);
void filter_free_all(mqtt_broker *broker);
/* Whether the broker has answered for all filters of the device. */
bool filter_settled(const mapper_device *device);

/* Without the lock, on the network thread: subscribes and unsubscribes what has changed. Returns a
 * MOSQ_ERR_. */
int filter_sync(mqtt_broker *broker);
void filter_answered(mqtt_broker *broker, int mid, int count, const int *granted);

/* ---- reports (report.c) ------------------------------------------------------------------- */

/* Puts the device on the broker's list of work. */
void report_queue(mapper_device *device);
void report_unqueue(mapper_device *device);
void report_dirty(mqtt_point *point);
void report_clean(mapper_device *device);
/* Waits until no call to the host about the device is under way. */
void report_wait(mapper_device *device);
/* Looks at the device no later than at `time_ns`. */
void report_at(mapper_device *device, int64_t time_ns);

/* Without the lock, on the network thread: what is queued, and what has become due. */
void report_work(mqtt_broker *broker);
void report_timers(mqtt_broker *broker, int64_t now);

/* ---- messages (message.c) ----------------------------------------------------------------- */

/* Without the lock, on the network thread: gives the message to the points that wait for it. */
void message_arrived(mqtt_broker *broker, const struct mosquitto_message *message);
/* On the network thread: what was published is all that is known of a point without a topic. */
void message_was_set(mqtt_point *point, const mapper_value *value);
/* The point's sample of now; what its value points to is the point's. */
mapper_sample message_sample(const mqtt_point *point);

/* ---- publishing (publish.c) --------------------------------------------------------------- */

typedef enum publish_state {
  PUBLISH_QUEUED,
  PUBLISH_SENDING,
  PUBLISH_SENT,
  PUBLISH_DONE
} publish_state;

/* Something to publish, owned by the lane call until it is abandoned. */
struct mqtt_publish {
  mqtt_publish *next;
  mapper_device *device; /* whose lane call waits, or null: abandoned */
  publish_state state;
  mapper_status status; /* PUBLISH_DONE */
  int mid, qos;
  bool retain;
  uint32_t index; /* in the lane call's arrays */
  mqtt_point *point;
  mapper_value value; /* with data of its own, behind the topic; NONE if the point has a topic */
  char *topic;
  size_t size;
  char payload[];
};

mqtt_publish *publish_new(mqtt_point *point, const mapper_value *value, const buffer *payload,
                          uint32_t index);
void publish_queue(mqtt_broker *broker, mqtt_publish *publish);
/* The lane call lets go of it: it is freed now or once libmosquitto is through with it. */
void publish_release(mqtt_broker *broker, mqtt_publish *publish);
/* The connection is gone: all end with `status`. */
void publish_fail_all(mqtt_broker *broker, mapper_status status);

/* Without the lock, on the network thread. */
int publish_send(mqtt_broker *broker);
void publish_acknowledged(mqtt_broker *broker, int mid);

/* ---- small things ------------------------------------------------------------------------- */

int64_t mqtt_now_ns(void);
#endif
