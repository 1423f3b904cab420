// Judges the deliveries on standard input by two libraries and exits with 1 where one
// of them disagrees with what is expected. Later versions of svix verify by
// standardwebhooks: 1.82.0 is the last one with code of its own.
import { readFileSync } from "node:fs";
import * as standard from "standardwebhooks";
import * as svix from "svix";

const libraries = { standardwebhooks: standard.Webhook, svix: svix.Webhook };

const lines = readFileSync(0, "utf8").split("\n").filter((line) => line !== "");
const deliveries = lines.map((line) => JSON.parse(line));
const verdicts = { accepted: 0, refused: 0, wrong: 0 };

for (const delivery of deliveries) {
  for (const [name, Webhook] of Object.entries(libraries)) {
    const refusal = judge(Webhook, delivery);
    verdicts[refusal ? "refused" : "accepted"]++;
    if ((refusal === null) !== delivery.genuine) {
      verdicts.wrong++;
      console.error(`${name}, ${delivery.name}: ${refusal ?? "accepted"}; genuine: ${delivery.genuine}`);
    }
  }
}

console.log(`${deliveries.length} deliveries:`, verdicts);
if (verdicts.wrong > 0 || verdicts.accepted === 0 || verdicts.refused === 0) {
  process.exit(1);
}

// judge returns why a library refuses a delivery, or null where it accepts it.
function judge(Webhook, { headers, body, secret }) {
  try {
    new Webhook(secret).verify(body, headers);
    return null;
  } catch (error) {
    if (error.name !== "WebhookVerificationError") {
      throw error;
    }
    return error.message;
  }
}
