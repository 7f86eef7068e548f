/** What `Ref` and `Fn::GetAtt` give for each kind of resource, as AWS would name it. */
import { functionIdentity } from "./lambda/settings.ts";
import { queueIdentity } from "./stores/queues.ts";
import { tableIdentity } from "./stores/table.ts";
import { ACCOUNT, type Identity, REGION } from "./template/resolve.ts";
import type { Resource } from "./template/template.ts";

export type Ports = { readonly sqs: number; readonly front: number };

export const identityOf =
  (ports: Ports) =>
  (resource: Resource): Identity => {
    const { name, type } = resource;
    const id = name.toLowerCase();
    if (type === "AWS::DynamoDB::Table") return tableIdentity(resource);
    if (type === "AWS::SQS::Queue") return queueIdentity(resource, ports.sqs);
    if (type === "AWS::Lambda::Function") return functionIdentity(name);
    if (type === "AWS::IAM::Role")
      return {
        ref: `rehearsal-${name}`,
        attributes: { Arn: `arn:aws:iam::${ACCOUNT}:role/rehearsal-${name}` },
      };
    if (type === "AWS::Lambda::Url")
      return { ref: id, attributes: { FunctionUrl: `http://127.0.0.1:${ports.front}/` } };
    if (type === "AWS::ApiGatewayV2::Api")
      return {
        ref: id,
        attributes: { ApiId: id, ApiEndpoint: `https://${id}.execute-api.${REGION}.amazonaws.com` },
      };
    if (type === "AWS::Events::Rule")
      return { ref: name, attributes: { Arn: `arn:aws:events:${REGION}:${ACCOUNT}:rule/${name}` } };
    return {
      ref: name,
      attributes: { Arn: `arn:aws:rehearsal:${REGION}:${ACCOUNT}:${name}`, RootResourceId: `${id}-root` },
    };
  };
