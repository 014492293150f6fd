// SPDX-License-Identifier: Apache-2.0
// The compiler puts the page's files into the program as they are: there is no copy of them that
// could grow old.
#include "CConsole.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

#define JAVASCRIPT "text/javascript; charset=utf-8"
#define STYLES "text/css; charset=utf-8"
#define FILE_OF(name, type, bytes)                                                                 \
  { name, type, bytes, sizeof(bytes) }

static const unsigned char index_html[] = {
#embed "../../Edge/Console/Page/index.html"
};
static const unsigned char icon_svg[] = {
#embed "../../Edge/Console/Page/icon.svg"
};
static const unsigned char base_css[] = {
#embed "../../Edge/Console/Page/base.css"
};
static const unsigned char views_css[] = {
#embed "../../Edge/Console/Page/views.css"
};
static const unsigned char api_js[] = {
#embed "../../Edge/Console/Page/api.js"
};
static const unsigned char app_js[] = {
#embed "../../Edge/Console/Page/app.js"
};
static const unsigned char chart_js[] = {
#embed "../../Edge/Console/Page/chart.js"
};
static const unsigned char device_js[] = {
#embed "../../Edge/Console/Page/device.js"
};
static const unsigned char devices_js[] = {
#embed "../../Edge/Console/Page/devices.js"
};
static const unsigned char discover_js[] = {
#embed "../../Edge/Console/Page/discover.js"
};
static const unsigned char dom_js[] = {
#embed "../../Edge/Console/Page/dom.js"
};
static const unsigned char editor_js[] = {
#embed "../../Edge/Console/Page/editor.js"
};
static const unsigned char format_js[] = {
#embed "../../Edge/Console/Page/format.js"
};
static const unsigned char history_js[] = {
#embed "../../Edge/Console/Page/history.js"
};
static const unsigned char log_js[] = {
#embed "../../Edge/Console/Page/log.js"
};
static const unsigned char login_js[] = {
#embed "../../Edge/Console/Page/login.js"
};
static const unsigned char mappers_js[] = {
#embed "../../Edge/Console/Page/mappers.js"
};
static const unsigned char methods_js[] = {
#embed "../../Edge/Console/Page/methods.js"
};
static const unsigned char node_js[] = {
#embed "../../Edge/Console/Page/node.js"
};
static const unsigned char plot_js[] = {
#embed "../../Edge/Console/Page/plot.js"
};
static const unsigned char properties_js[] = {
#embed "../../Edge/Console/Page/properties.js"
};

static const console_file files[] = {
    FILE_OF("index.html", "text/html; charset=utf-8", index_html),
    FILE_OF("icon.svg", "image/svg+xml", icon_svg),
    FILE_OF("base.css", STYLES, base_css),
    FILE_OF("views.css", STYLES, views_css),
    FILE_OF("api.js", JAVASCRIPT, api_js),
    FILE_OF("app.js", JAVASCRIPT, app_js),
    FILE_OF("chart.js", JAVASCRIPT, chart_js),
    FILE_OF("device.js", JAVASCRIPT, device_js),
    FILE_OF("devices.js", JAVASCRIPT, devices_js),
    FILE_OF("discover.js", JAVASCRIPT, discover_js),
    FILE_OF("dom.js", JAVASCRIPT, dom_js),
    FILE_OF("editor.js", JAVASCRIPT, editor_js),
    FILE_OF("format.js", JAVASCRIPT, format_js),
    FILE_OF("history.js", JAVASCRIPT, history_js),
    FILE_OF("log.js", JAVASCRIPT, log_js),
    FILE_OF("login.js", JAVASCRIPT, login_js),
    FILE_OF("mappers.js", JAVASCRIPT, mappers_js),
    FILE_OF("methods.js", JAVASCRIPT, methods_js),
    FILE_OF("node.js", JAVASCRIPT, node_js),
    FILE_OF("plot.js", JAVASCRIPT, plot_js),
    FILE_OF("properties.js", JAVASCRIPT, properties_js),
};

const console_file *console_file_at(size_t place) {
  return place < sizeof(files) / sizeof(files[0]) ? &files[place] : NULL;
}
