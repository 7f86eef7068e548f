/** DynamoDB and SQS as they are had on this machine, each a process of its own, and clients that reach them directly. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { Program } from "../processes.ts";
import { REGION } from "../template/resolve.ts";

const tools = join(import.meta.dirname, "../../tools/aws");

export type Stores = {
  readonly dynamodbPort: number;
  readonly sqsPort: number;
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly close: () => Promise<void>;
};

export async function startStores(): Promise<Stores> {
  if (!existsSync(join(tools, "node_modules/fauxqs")))
    throw new Error("tools/aws is not installed. Start by `npm run rehearse:aws`, which installs it.");
  const moto = new Program("moto", "python3", [join(tools, "serial-moto.py")]);
  const fauxqs = new Program("fauxqs", process.execPath, [join(tools, "sqs.js")]);
  const close = async (): Promise<void> => {
    await Promise.all([moto.kill(), fauxqs.kill()]);
  };
  try {
    const [dynamodbPort, sqsPort] = await Promise.all([moto.listening(), fauxqs.listening()]);
    const common = {
      region: REGION,
      credentials: { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" },
    };
    const dynamodb = new DynamoDBClient({ ...common, endpoint: `http://127.0.0.1:${dynamodbPort}` });
    const sqs = new SQSClient({ ...common, endpoint: `http://127.0.0.1:${sqsPort}` });
    return {
      dynamodbPort,
      sqsPort,
      dynamodb,
      sqs,
      close: () => {
        dynamodb.destroy();
        sqs.destroy();
        return close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
