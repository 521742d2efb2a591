// Whether subgraphs compose, by the composers of Apollo, the Guild and Cosmo: node compose.js FILE.graphql...
// Prints {"apollo": [...], "guild": [...], "cosmo": [...]}: what each complains of. Ends with 1 when one does.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { composeServices as apollo } from "@apollo/composition";
import { composeServices as guild } from "@theguild/federation-composition";
import { federateSubgraphs, LATEST_ROUTER_COMPATIBILITY_VERSION } from "@wundergraph/composition";
import { parse } from "graphql";

const services = process.argv.slice(2).map((file) => ({
  name: basename(file, ".graphql"),
  url: "http://localhost/graphql",
  typeDefs: parse(readFileSync(file, "utf8")),
}));

const complaints = ({ errors = [] }) => errors.map((error) => error.message);

const told = {
  apollo: complaints(apollo(services)),
  guild: complaints(guild(services)),
  cosmo: complaints(
    federateSubgraphs({
      subgraphs: services.map(({ name, url, typeDefs }) => ({ name, url, definitions: typeDefs })),
      version: LATEST_ROUTER_COMPATIBILITY_VERSION,
    }),
  ),
};
console.log(JSON.stringify(told, null, 2));
process.exitCode = Object.values(told).some((one) => one.length > 0) ? 1 : 0;
