/** Event streams, which no API Gateway lets through: a function with an address of its own, open to all as the door is. */
import { arnOf, attribute, type Part } from "./cloudformation.ts";
import { EVENTS_FUNCTION } from "./functions.ts";

const ADDRESS = "EventsAddress";

export function eventStreamsPart(): Part {
  const open = { FunctionName: arnOf(EVENTS_FUNCTION), Principal: "*" };
  return {
    resources: {
      [ADDRESS]: {
        Type: "AWS::Lambda::Url",
        Properties: {
          AuthType: "NONE",
          InvokeMode: "RESPONSE_STREAM",
          TargetFunctionArn: arnOf(EVENTS_FUNCTION),
        },
      },
      // AWS asks for both since October 2025: the address may be called, and the function through the address.
      EventsAddressPermission: {
        Type: "AWS::Lambda::Permission",
        Properties: { ...open, Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE" },
      },
      EventsFunctionPermission: {
        Type: "AWS::Lambda::Permission",
        Properties: { ...open, Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true },
      },
    },
    outputs: {
      EventsUrl: {
        Description: "Event streams: GET /receipts/{id}/events",
        Value: attribute(ADDRESS, "FunctionUrl"),
      },
    },
  };
}
