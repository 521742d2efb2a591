// A router: one graph of two. Asks both subgraphs for their schemas, composes them, answers on PORT.
import { ApolloGateway, IntrospectAndCompose } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";

// Else it reports to Apollo what kind of machine it runs on.
process.env.APOLLO_TELEMETRY_DISABLED = "1";

const {
  RELEASEGRAPH_URL = "http://localhost:8000/graphql",
  NEIGHBOUR_URL = "http://localhost:9500/graphql",
  PORT = "4000",
} = process.env;

const gateway = new ApolloGateway({
  supergraphSdl: new IntrospectAndCompose({
    subgraphs: [
      { name: "releasegraph", url: RELEASEGRAPH_URL },
      { name: "neighbour", url: NEIGHBOUR_URL },
    ],
  }),
});

const { url } = await startStandaloneServer(new ApolloServer({ gateway }), {
  listen: { host: "127.0.0.1", port: Number(PORT) },
});
console.log(`router at ${url}`);
