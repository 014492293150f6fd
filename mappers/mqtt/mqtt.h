/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of the mapper for devices that speak MQTT themselves.
 *
 * A broker is one connection, shared by the devices with the same key (address, credentials, TLS,
 * last will). It has one network thread of its own, which alone calls libmosquitto: it connects,
 * subscribes, publishes what lanes have queued, turns messages into values and reports them.
 *
 * One lock a broker guards all that its thread and the lanes share: the devices that are open, the
 * last values of their points, the filters and the queue. It is held for copies, never across a
 * call to the host, nor across one to libmosquitto that could call back or wait.
 */
#ifndef MQTT_H
#define MQTT_H

#include <mosquitto.h>
#include <pthread.h>

#include "../json/convert.h"
#include "mapper/ext/subscribe.h"
#include "mapper/helpers.h"
#include "topics.h"

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

typedef struct mqtt_arrival mqtt_arrival;
typedef struct mqtt_availability mqtt_availability;
typedef struct mqtt_broker mqtt_broker;
typedef struct mqtt_batch mqtt_batch;
typedef struct mqtt_point mqtt_point;
typedef struct mqtt_publish mqtt_publish;

/* ---- watches (filter.c) ------------------------------------------------------------------- */

/* Somebody who waits for the messages of a topic filter. */
struct mqtt_watch {
  mapper_device *device;
  char *topic; /* the filter; the watch's own */
  int qos;
  /* With the broker's lock held, on the network thread. */
  void (*take)(mqtt_watch *watch, const mqtt_arrival *arrival);

  /* From open to close. */
  mqtt_filter *filter;
  mqtt_watch *next, *previous; /* of the filter */
};

/* ---- points and devices (point.c, device.c, open.c, exchange.c)
 * ----------------------------------- */

/* What a retained message is worth: it tells the last state, but not how old that is. */
typedef enum retained_use { RETAINED_USE, RETAINED_UNCERTAIN, RETAINED_IGNORE } retained_use;
#define RETAINED_EXPECTED "use, uncertain or ignore"
bool retained_parse(const char *text, retained_use *use);

struct mqtt_point {
  mqtt_watch watch; /* without a topic: cannot be read */
  uint32_t id;
  char *name, *set_topic, *path, *set_template, *on, *off; /* null where absent */
  conversion conversion;
  int qos;
  retained_use retained;
  bool retain, has_wildcard;
  bool is_confirmed; /* a write is through when the topic says so */
  bool is_bound;

  /* The last message. What `value` points to is in `room`; only the network thread changes it. */
  bool has_message;
  bool is_stale;    /* none came for the device's staleAfterMs */
  bool is_doubtful; /* it was a retained one, and those are uncertain */
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

/* What is told of a device; both of the latter are MAPPER_LINK_DOWN. */
typedef enum device_link { LINK_UP, LINK_LOST, LINK_AWAY } device_link;

struct mapper_device {
  uint64_t token;
  mqtt_broker *broker;
  char *name, *topic_prefix; /* or null */
  int qos;
  retained_use retained;
  int64_t stale_after; /* ns; 0: never */

  mqtt_point *points;
  uint32_t count;
  buffer answers; /* what the last read's values point to */

  /* Guarded by the broker's lock. */
  mqtt_availability *availability; /* or null */
  mapper_device *next, *previous;  /* of the broker's open devices */
  int wake_fd;                     /* of the lane call that waits, or -1 */
  bool is_attached, is_open;
  uint32_t unsettled;    /* watches whose topics the broker has not yet answered for */
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
  device_link link_told, link_now;
};

mapper_status point_bind(mqtt_point *point, mapper_device *device, const mapper_point *from,
                         const mapper_call *call);
void point_free(mqtt_point *point);

/* A topic as it is used: {name} is the device's, and the prefix comes before what does not begin
 * with / or $. Null when there is no memory. */
char *device_topic(const mapper_device *device, const char *topic);
/* Whether the topic has a {name} and the device none. */
bool device_lacks_name(const mapper_device *device, const char *topic);
bool is_filter(const char *topic);
bool is_topic(const char *topic);
#define FILTER_EXPECTED "a topic, or a filter with + and # in places of their own"

mapper_status device_open(mapper_device *device, const mapper_call *call);
void device_close(mapper_device *device);

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

/* Who is connected to what, and how: the settings that make a connection, as texts. */
typedef enum key_text {
  KEY_HOST, /* a name or an address */
  KEY_USERNAME,
  KEY_USERNAME_FILE,
  KEY_PASSWORD,
  KEY_PASSWORD_FILE,
  KEY_CLIENT_ID,
  KEY_CA_FILE,
  KEY_CA_PATH,
  KEY_CERT_FILE,
  KEY_KEY_FILE,
  KEY_KEY_PASSWORD_FILE,
  KEY_TLS_VERSION,
  KEY_WILL_TOPIC,
  KEY_WILL_PAYLOAD,
  KEY_BIRTH_PAYLOAD,
  KEY_COUNT,
} key_text;

typedef struct broker_key {
  char *texts[KEY_COUNT]; /* null where absent */
  int port;
  bool is_tls, is_unchecked; /* without a look at the broker's certificate */
} broker_key;

/* ---- keys (key.c) ------------------------------------------------------------------------- */

/* Takes the key out of settings, checked. With an error recorded, the key has nothing to free. */
mapper_status key_take(const mapper_settings *settings, const mapper_call *call, broker_key *key);
void key_free(broker_key *key);
bool key_is_same(const broker_key *a, const broker_key *b);
/* Parses tcp://HOST:PORT and mqtts://HOST:PORT. */
bool key_parse_url(const char *url, broker_key *key);
/* The key's text, or the first line of the file that the key names. On failure it writes why to
 * `text`, TEXT_MAX bytes. What it gives is the caller's; null where both are absent. */
bool key_secret(const broker_key *key, key_text direct, key_text file, char **secret, char *text);

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
  topic_tree topics;
  mqtt_filter *changed, **changed_end; /* to be subscribed or given up */
  mqtt_batch *batches;                 /* SUBSCRIBE is under way */
  mqtt_publish *queue, **queue_end;    /* not yet with libmosquitto */
  mqtt_publish *in_flight;             /* with it, not yet acknowledged */
  uint32_t in_flight_count;
  mqtt_publish *awaited; /* acknowledged, not yet confirmed */

  /* The network thread's alone. */
  struct mosquitto *client;
  struct broker_addresses {
    char text[8][64]; /* numeric */
    int count, next;
  } addresses;
  int64_t connected_ns, connect_end_ns;
  int64_t backoff;
  int refusal;           /* the code of a CONNACK that refused, or 0 */
  char reason[TEXT_MAX]; /* why TLS or a file of the key failed, or "" */
  mapper_status reason_status;
};

/* A broker for the key, which it takes; the same for equal keys. Null when there is no memory. */
mqtt_broker *broker_take(broker_key *key);
void broker_release(mqtt_broker *broker);
/* Joins the threads of brokers that nobody uses; with `wait` those too that still have to end. */
void broker_reap(bool wait);
mapper_status broker_start(mqtt_broker *broker, const mapper_call *call);
void broker_wake(mqtt_broker *broker);

/* The body of the network thread (network.c). */
void *broker_run(void *broker);

/* ---- the client (client.c) ----------------------------------------------------------------- */

/* Forgets the connection and all that was queued in it. Returns a MOSQ_ERR_. */
int client_reset(mqtt_broker *broker);
/* A client for the next connection. Returns a MOSQ_ERR_; where broker->reason is set, that says
 * more. */
int client_prepare(mqtt_broker *broker);
/* Ends the connection or the attempt; one that is there in good order. */
void client_leave(mqtt_broker *broker, bool is_connected);

/* ---- TLS (tls.c) -------------------------------------------------------------------------- */

/* Prepares the next connection as the key says, out of files as they are now. False, with the
 * reason in broker->reason, when they are no good. */
bool tls_prepare(mqtt_broker *broker);
/* Whether the handshake is under way, and which of POLLIN and POLLOUT it waits for. */
bool tls_is_shaking(mqtt_broker *broker, short *events);
/* A line of libmosquitto's log that says more than we know. */
void tls_logged(mqtt_broker *broker, const char *text);

/* All below is called with the broker's lock held. */

/* ---- filters (filter.c) ------------------------------------------------------------------- */

bool filter_join(mqtt_broker *broker, mqtt_watch *watch);
void filter_leave(mqtt_broker *broker, mqtt_watch *watch);
bool filter_is_refused(const mqtt_watch *watch);
/* A new connection: all are to be subscribed again. */
void filter_forget(mqtt_broker *broker);
void filter_free_all(mqtt_broker *broker);

/* Without the lock, on the network thread: subscribes and unsubscribes what has changed. Returns a
 * MOSQ_ERR_. */
int filter_sync(mqtt_broker *broker);
void filter_answered(mqtt_broker *broker, int mid, int count, const int *granted);

/* ---- availability (availability.c) -------------------------------------------------------- */

/* Out of a device's settings; leaves null where there are none. */
mapper_status availability_take(mapper_device *device, const mapper_settings *settings,
                                const mapper_call *call);
void availability_free(mapper_device *device);
/* Each open begins without knowing. False: no memory. */
bool availability_join(mapper_device *device);
void availability_leave(mapper_device *device);
/* A new connection: what no retained message tells is forgotten. */
void availability_forget(mapper_device *device);
bool availability_is_away(const mapper_device *device);
/* "hall/LWT says 'Offline'" */
const char *availability_text(const mapper_device *device);

/* The link as the connection and the availability make it; it is told if it has changed. */
void device_update_link(mapper_device *device);

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

struct mqtt_arrival {
  mqtt_broker *broker;
  const struct mosquitto_message *message;
  int64_t now;
};

/* Without the lock, on the network thread: gives the message to the watches that wait for it. */
void message_arrived(mqtt_broker *broker, const struct mosquitto_message *message);
/* On the network thread: what was published is all that is known of a point without a topic. */
void message_was_set(mqtt_point *point, const mapper_value *value);
/* What a point's watch does with a message. */
void message_take(mqtt_watch *watch, const mqtt_arrival *arrival);
/* The beginning of the payload, with what is not printable as dots. */
#define EXCERPT_MAX 64
void message_excerpt(const struct mosquitto_message *message, char text[EXCERPT_MAX + 4]);
/* The point's sample of now; what its value points to is the point's. */
mapper_sample message_sample(const mqtt_point *point);

/* ---- publishing (publish.c) --------------------------------------------------------------- */

typedef enum publish_state {
  PUBLISH_QUEUED,
  PUBLISH_SENDING,
  PUBLISH_SENT,
  PUBLISH_AWAITED, /* acknowledged; the topic has not told the value yet */
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
  bool is_confirmed; /* the topic told it before the broker acknowledged */
  uint32_t index;    /* in the lane call's arrays */
  mqtt_point *point;
  mapper_value value; /* with data of its own, behind the topic; NONE if nobody needs it */
  char *topic;
  size_t size;
  char payload[];
};

mqtt_publish *publish_new(mqtt_point *point, const mapper_value *value, const buffer *payload,
                          uint32_t index);
void publish_queue(mqtt_broker *broker, mqtt_publish *publish);
/* The point's topic has told a value. */
void publish_confirmed(mqtt_point *point);
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
