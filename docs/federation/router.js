// A router: one graph of two. Asks both subgraphs for their schemas, composes them, answers on PORT.
import { ApolloGateway, IntrospectAndCompose, RemoteGraphQLDataSource } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";

// Else it reports to Apollo what kind of machine it runs on.
process.env.APOLLO_TELEMETRY_DISABLED = "1";

const {
  RELEASEGRAPH_URL = "http://127.0.0.1:8000/graphql",
  NEIGHBOUR_URL = "http://127.0.0.1:9500/graphql",
  PORT = "4000",
} = process.env;

// What releasegraph reads of a caller's headers, passed on to it and to nobody else.
const PASSED_ON = ["authorization", "x-partial-errors"];

class Releasegraph extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    for (const name of PASSED_ON) {
      if (context.headers?.[name]) request.http.headers.set(name, context.headers[name]);
    }
  }
}

const gateway = new ApolloGateway({
  supergraphSdl: new IntrospectAndCompose({
    subgraphs: [
      { name: "releasegraph", url: RELEASEGRAPH_URL },
      { name: "neighbour", url: NEIGHBOUR_URL },
    ],
  }),
  buildService: ({ name, url }) => new (name === "releasegraph" ? Releasegraph : RemoteGraphQLDataSource)({ url }),
});

const { url } = await startStandaloneServer(new ApolloServer({ gateway, includeStacktraceInErrorResponses: false }), {
  context: async ({ req }) => ({ headers: req.headers }),
  listen: { host: "127.0.0.1", port: Number(PORT) },
});
console.log(`router at ${url}`);
