// Starts GraphiQL on the page: queries go to the page's own address, the starter queries are its first tabs.
(function () {
  'use strict';

  const root = document.getElementById('explorer');
  if (!window.GraphiQL || !window.GraphiQLPluginExplorer) {
    root.textContent = 'The explorer could not load its files. Run `make explorer`, then load this page again.';
    return;
  }

  const NEW_TAB = '# A new query. Ctrl-Space says what can stand here, Ctrl-Enter sends it.\n\n';
  const h = React.createElement;
  const starters = JSON.parse(root.dataset.starters);
  // Named, because another GraphiQL on the same host and port would share its tabs with us.
  const storage = GraphiQL.createLocalStorage({ namespace: 'releasegraph' });

  // GraphiQL keeps its tabs; without a remembered query it would add an empty one at every visit.
  if (!storage.getItem('graphiql:query')) {
    storage.setItem('graphiql:query', starters[0].query);
  }

  function Starters() {
    const { addTab, queryEditor, variableEditor } = GraphiQL.React.useEditorContext({ nonNull: true });
    function open(query) {
      // The tab has to be there before its text is set, or the text lands in the tab that is left.
      ReactDOM.flushSync(addTab);
      variableEditor?.setValue('');
      queryEditor.setValue(query);
      // On a busy machine GraphiQL writes the new tab's default text a moment later than that.
      const refill = () => queryEditor.getValue() === NEW_TAB && queryEditor.setValue(query);
      [0, 50, 200, 500].forEach((delay) => setTimeout(refill, delay));
    }
    const button = ({ title, about, query }) =>
      h('button', { type: 'button', key: title, onClick: () => open(query) }, h('strong', null, title), about);
    return h('section', { className: 'starters', 'aria-label': 'Starter queries' },
      h('div', { className: 'graphiql-doc-explorer-title' }, 'Starter queries'), starters.map(button));
  }

  const startersPlugin = { title: 'Starter queries', icon: GraphiQL.React.StarIcon, content: Starters };

  const explorer = h(
    GraphiQL,
    {
      fetcher: GraphiQL.createFetcher({ url: location.origin + location.pathname, fetch: releasegraphPlan.fetch }),
      defaultQuery: NEW_TAB,
      defaultTabs: starters.map(({ query }) => ({ query })),
      plugins: [startersPlugin, releasegraphPlan.plugin, GraphiQLPluginExplorer.explorerPlugin()],
      storage,
    },
    h(GraphiQL.Logo, null, 'releasegraph'),
  );
  ReactDOM.createRoot(root).render(explorer);
})();
