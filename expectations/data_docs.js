/* The pages were written for libraries from the internet. This stands in for the little they need: tables. */
(function () {
  "use strict";
  function table(place, options) {
    var head = place.createTHead().insertRow(), body = place.createTBody();
    options.columns.forEach(function (column) {
      head.appendChild(document.createElement("th")).textContent = column.title || "";
    });
    (options.data || []).forEach(function (entry) {
      var row = body.insertRow();
      options.columns.forEach(function (column) {
        row.insertCell().innerHTML = entry[column.field] === undefined ? "" : entry[column.field];
      });
      if (entry._table_row_link_path) {
        var link = row.insertCell().appendChild(document.createElement("a"));
        link.href = entry._table_row_link_path;
        link.textContent = "打开 open";
      }
    });
  }
  function wrap(places) {
    var self = new Proxy(function () {}, {
      get: function (_, name) {
        if (name === "bootstrapTable") {
          return function (options) {
            if (options && options.columns) places.forEach(function (place) { table(place, options); });
            return self;
          };
        }
        if (name === "ready") return function (act) { document.addEventListener("DOMContentLoaded", act); return self; };
        if (name === "each") return function (act) { places.forEach(function (p, i) { act.call(p, i, p); }); return self; };
        if (name === "length") return places.length;
        return function () { return self; };
      }
    });
    return self;
  }
  window.$ = window.jQuery = function (what) {
    if (typeof what === "function") { document.addEventListener("DOMContentLoaded", what); return wrap([]); }
    if (typeof what !== "string") return wrap(what && what.nodeType === 1 ? [what] : []);
    try { return wrap(Array.from(document.querySelectorAll(what))); } catch (error) { return wrap([]); }
  };
  ["vegaEmbed", "vega", "vegaLite"].forEach(function (name) { window[name] = function () { return Promise.resolve(); }; });
})();
