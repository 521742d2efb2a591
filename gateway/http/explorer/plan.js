// The panel "Upstream calls": whether answers carry their plan, and the plan of the last one as bars over its time.
(function () {
  'use strict';

  if (!window.GraphiQL) return; // explorer.js says so
  const HEADER = 'x-explain';
  const KEPT = 'releasegraph:explain';
  const h = React.createElement;
  const listeners = new Set();
  let state = { isOn: window.localStorage.getItem(KEPT) === 'on', plan: null };

  function change(part) {
    state = { ...state, ...part };
    listeners.forEach((listener) => listener());
  }

  function subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  function toggle(event) {
    const isOn = event.target.checked;
    window.localStorage.setItem(KEPT, isOn ? 'on' : 'off');
    change({ isOn });
  }

  // The one way out of the page: asks for the plan, unless the header editor has said otherwise, and keeps it.
  async function fetchExplained(url, init) {
    if (JSON.parse(init.body).operationName === 'IntrospectionQuery') return fetch(url, init);
    const headers = new Headers(init.headers);
    if (state.isOn && !headers.has(HEADER)) headers.set(HEADER, 'on');
    const reply = await fetch(url, { ...init, headers });
    told(reply.clone()).then((body) => change({ plan: body.extensions?.plan ?? null }), () => change({ plan: null }));
    return reply;
  }

  // Of an answer in parts, the last one.
  async function told(reply) {
    const text = await reply.text();
    const isInParts = reply.headers.get('content-type')?.startsWith('multipart/');
    return JSON.parse(isInParts ? text.split('\r\n---').at(-2).split('\r\n\r\n').at(-1) : text);
  }

  function decoded(path) {
    try {
      return decodeURIComponent(path);
    } catch {
      return path; // a percent sign of its own
    }
  }

  const counted = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const size = (bytes) => (bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`);

  function facts(call) {
    const rows = call.rows === null ? [] : [counted(call.rows, 'row')];
    const trouble = call.error || call.status === null ? [`${call.status ?? 'no answer'} ${call.error ?? ''}`] : [];
    const marks = [call.session && 'session', call.retry && 'retry', call.cache].filter(Boolean);
    return [...trouble, ...rows, size(call.bytes), `${call.ms} ms`, ...marks].join(' · ');
  }

  function Call({ call, total }) {
    const percent = (ms) => `${Math.min(100, (100 * ms) / total)}%`;
    const bar = { marginLeft: percent(call.atMs), width: percent(call.ms) };
    const path = decoded(call.path);
    return h('li', { className: call.error ? 'failed' : undefined },
      h('code', { title: path }, `${call.method} ${path}`),
      h('small', null, facts(call)),
      h('div', { className: 'bar', style: bar }));
  }

  function Source({ name, plan }) {
    const total = Math.max(plan.totals.ms, 0.1);
    const calls = plan.calls.filter((call) => call.source === name);
    return h('div', null, h('h3', null, `${name}: ${counted(plan.totals.sources[name], 'call')}`),
      h('ol', null, calls.map((call, index) => h(Call, { key: index, call, total }))));
  }

  function Told({ plan }) {
    if (!plan) return h('p', null, 'Tick the box, then run a query.');
    if (plan.refused) return h('p', { role: 'alert' }, plan.refused.message);
    const { calls, sessionCalls, remembered, shared, rows, bytes, ms, sources } = plan.totals;
    const unasked = [remembered && `${remembered} remembered`, shared && `${shared} shared`].filter(Boolean);
    const sum = [counted(calls, 'call'), `${sessionCalls} for sessions`, ...unasked, counted(rows, 'row'), size(bytes), `${ms} ms`];
    return h(React.Fragment, null, h('p', null, sum.join(' · ')),
      Object.keys(sources).map((name) => h(Source, { key: name, name, plan })),
      plan.omitted > 0 && h('p', null, `${counted(plan.omitted, 'call')} more, which the plan does not list.`));
  }

  function Panel() {
    const { isOn, plan } = React.useSyncExternalStore(subscribe, () => state);
    return h('section', { className: 'plan', 'aria-label': 'Upstream calls' },
      h('div', { className: 'graphiql-doc-explorer-title' }, 'Upstream calls'),
      h('label', null, h('input', { type: 'checkbox', checked: isOn, onChange: toggle }),
        ' Tell the calls of each answer ', h('code', null, `${HEADER}: on`)),
      h(Told, { plan }));
  }

  const bars = [[3, 10], [8, 9], [12, 9]].map(([x, width], row) =>
    h('rect', { key: row, x, y: 4 + 6 * row, width, height: 3, rx: 1 }));
  const Icon = () => h('svg', { viewBox: '0 0 24 24', fill: 'currentColor', 'aria-hidden': true }, bars);

  window.releasegraphPlan = {
    fetch: fetchExplained,
    plugin: { title: 'Upstream calls', icon: Icon, content: Panel },
  };
})();
