package signature_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/signature"
)

// vector is a delivery with a signature that was published by a provider, or by
// tests of its library, and not made by us.
type vector struct {
	name       string
	scheme     signature.Scheme
	keys       []string
	private    string    // what signs, where it is not the key that verifies
	keyID      string    // what names the signature
	at         time.Time // of arrival; noon where the scheme has no timestamp
	verifyOnly bool      // there is no private key, or another writing of the time
	request    *request
	forge      func(*request) // changes what is signed, where that is not the body
}

func TestPublishedVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			if v.at.IsZero() {
				v.at = noon
			}
			list := schemes(v.scheme)
			verifier := newVerifier(t, list, keys(v.keys...))
			wantProved(t, verifier, v.request, v.at)
			wantReason(t, newVerifier(t, list, nil), v.request, v.at, signature.NoKey)
			forged := v.request.clone()
			if v.forge == nil {
				v.forge = func(r *request) { r.body += " " }
			}
			v.forge(forged)
			wantReason(t, verifier, forged, v.at, signature.Mismatch)
			if !v.verifyOnly {
				v.signsTheSame(t)
			}
		})
	}
}

// signsTheSame makes the published proof again.
func (v *vector) signsTheSame(t *testing.T) {
	t.Helper()
	secrets := v.keys
	if v.private != "" {
		secrets = []string{v.private}
	}
	k := keys(secrets...)
	if v.keyID != "" {
		k[0].ID = v.keyID
	}
	proofs, err := newSigner(t, schemes(v.scheme), k).Sign(v.request, v.at)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range proofs {
		if want, _ := v.request.Lookup(p.Field); p.Value != want {
			t.Errorf("signed as %s: %s, want %s", p.Field, p.Value, want)
		}
	}
}

// fixture reads a body that is too long to stand in a table.
func fixture(name string) string {
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		panic(err)
	}
	return string(body)
}

func formFixture(name string) url.Values {
	values, err := url.ParseQuery(fixture(name))
	if err != nil {
		panic(err)
	}
	return values
}

// svixHeaders gives Standard Webhooks the names that Svix uses.
func svixHeaders(s *signature.Scheme) {
	s.Header, s.ID = signature.Strings{"Svix-Signature"}, field("header:Svix-Id")
	s.Timestamp = &signature.Timestamp{From: field("header:Svix-Timestamp")}
}

func vectors() []vector {
	return []vector{
		{ // docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
			name: "github",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Hub-Signature-256"}, Prefix: "sha256=",
			},
			keys: []string{"It's a Secret to Everybody"},
			request: &request{
				header: headers(
					"X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
				),
				body: "Hello, World!",
			},
		},
		{ // support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/
			name: "bitbucket",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Hub-Signature"}, Prefix: "sha256=",
			},
			keys: []string{"It's a Secret to Everybody"},
			request: &request{
				header: headers(
					"X-Hub-Signature", "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
				),
				body: "Hello World!",
			},
		},
		{ // github.com/go-playground/webhooks, gitea/gitea_test.go
			name:   "gitea",
			scheme: signature.Scheme{Type: signature.HMAC, Header: signature.Strings{"X-Gitea-Signature"}},
			keys:   []string{"IsWishesWereHorsesWedAllBeEatingSteak!"},
			request: &request{
				header: headers(
					"X-Gitea-Event", "delete",
					"X-Gitea-Signature", "84307b509e663cd897bc719b2a564e64fa4af8716fda389488f18369139e0fdd",
				),
				body: fixture("gitea.json"),
			},
		},
		{ // github.com/PaddleHQ/paddle-node-sdk, src/__tests__/notifications/webhooks-validator.node.test.ts @ b8ee4b12741d
			name: "paddle-billing",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"Paddle-Signature"}, Separator: ";",
				Assign: "=", Item: signature.Strings{"h1"},
				Content:   content("{timestamp}:{body}"),
				Timestamp: &signature.Timestamp{Item: "ts"},
			},
			keys: []string{"VALID_SECRET"},
			at:   unix(1698796800),
			request: &request{
				header: headers(
					"Paddle-Signature", "ts=1698796800;h1=a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9",
				),
				body: `{"data": ["1", "2"]}`,
			},
		},
		{ // github.com/square/square-nodejs-sdk, tests/integration/webhooks.test.ts @ c58c6e097af6
			name: "square",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Square-Hmacsha256-Signature"},
				Encoding: signature.Base64,
				Content:  content("{url}{body}"),
			},
			keys: []string{"Ibxx_5AKakO-3qeNVR61Dw"},
			request: &request{
				url: "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9",
				header: headers(
					"x-square-hmacsha256-signature", "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4=",
				),
				body: `{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification","event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z","data":{"type":"webhooks","id":"bc368e64-01aa-407e-b46e-3231809b1129"}}`,
			},
		},
		{ // github.com/Adyen/adyen-node-api-library, src/__tests__/hmacValidator.spec.ts @ 3b84a188ef07
			name: "adyen",
			scheme: signature.Scheme{
				Type:     signature.HMAC,
				JSON:     signature.Strings{"notificationItems.0.NotificationRequestItem.additionalData.hmacSignature"},
				Encoding: signature.Base64, Key: signature.KeyHex,
				Content: content("{json:notificationItems.0.NotificationRequestItem.pspReference?}:{json:notificationItems.0.NotificationRequestItem.originalReference?}:{json:notificationItems.0.NotificationRequestItem.merchantAccountCode?}:{json:notificationItems.0.NotificationRequestItem.merchantReference?}:{json:notificationItems.0.NotificationRequestItem.amount.value?}:{json:notificationItems.0.NotificationRequestItem.amount.currency?}:{json:notificationItems.0.NotificationRequestItem.eventCode?}:{json:notificationItems.0.NotificationRequestItem.success?}"),
			},
			keys: []string{"DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00"},
			request: &request{
				body: `{"live":"false","notificationItems":[{"NotificationRequestItem":{"pspReference":"pspReference","originalReference":"originalReference","merchantAccountCode":"merchantAccount","merchantReference":"reference","amount":{"currency":"EUR","value":1000},"eventCode":"EVENT","success":"true","additionalData":{"hmacSignature":"ipnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc="}}}]}`,
			},
			forge: func(r *request) { r.body = strings.Replace(r.body, ":1000", ":1001", 1) },
		},
		{ // github.com/braintree/braintree_node, test/unit/braintree/webhook_notification_gateway_spec.js @ 7a9270aaf31e
			name: "braintree, the challenge as a payload",
			scheme: signature.Scheme{
				Type: signature.HMAC, Hash: signature.SHA1, Form: signature.Strings{"bt_signature"},
				Separator: "&", Assign: "|", KeyHash: signature.SHA1,
				Content: content("{form:bt_payload}"),
			},
			keys:  []string{"integration_private_key"},
			keyID: "integration_public_key",
			request: &request{
				form: url.Values{
					"bt_payload":   {"20f9f8ed05f77439fe955c977e4c8a53"},
					"bt_signature": {"integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4"},
				},
			},
			forge: func(r *request) { r.form.Set("bt_payload", "20f9") },
		},
		{ // github.com/razorpay/razorpay-node, test/utils/razorpay-utils.spec.js @ 9737ef17342b
			name:   "razorpay",
			scheme: signature.Scheme{Type: signature.HMAC, Header: signature.Strings{"X-Razorpay-Signature"}},
			keys:   []string{"123456"},
			request: &request{
				header: headers(
					"X-Razorpay-Signature", "2fe04e22977002e6c7cb553adab8b460cb9e2a4970d5953cb27a8472752e3bbc",
				),
				body: `{"a":1,"b":2,"c":{"d":3}}`,
			},
		},
		{ // github.com/bold-commerce/go-shopify, oauth_test.go
			name: "shopify",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Shopify-Hmac-Sha256"},
				Encoding: signature.Base64,
			},
			keys: []string{"hush"},
			request: &request{
				header: headers(
					"X-Shopify-Hmac-Sha256", "hMTq0K2x7oyOjoBwGYeTj5oxfnaVYXzbanUG9aajpKI=",
				),
				body: `"my secret message"`,
			},
		},
		{ // docs.slack.dev/authentication/verifying-requests-from-slack
			name: "slack",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Slack-Signature"}, Prefix: "v0=",
				Content:   content("v0:{timestamp}:{body}"),
				Timestamp: &signature.Timestamp{From: field("header:X-Slack-Request-Timestamp")},
			},
			keys: []string{"8f742231b10e8888abcd99yyyzzz85a5"},
			at:   unix(1531420618),
			request: &request{
				header: headers(
					"X-Slack-Request-Timestamp", "1531420618",
					"X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
				),
				body: "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
			},
		},
		{ // github.com/david-lev/pywa, tests/test_server.py @ 0bcf2f192ff3
			name: "meta",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Hub-Signature-256"}, Prefix: "sha256=",
			},
			keys: []string{"1222e786b144d0e85b9f365372d93676"},
			request: &request{
				header: headers(
					"X-Hub-Signature-256", "sha256=54edfa1d7259e0eb13c677cc7d73d1b5c86cfa12433d19156e058ab9251bc441",
				),
				body: `{"object":"whatsapp_business_account","entry":[{"id":"264937493375603","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550953877","phone_number_id":"277321005464405"},"contacts":[{"profile":{"name":"PyWa Tests"},"wa_id":"972544401243"}],"messages":[{"from":"972544401243","id":"wamid.HBgMOTcyNTQ0NDAxMjQzFQIAEhggM0RFQTNCMEEwRTY3QzUwODYzMDc4NjQ4QzM4ODAxM0YA","timestamp":"1730231903","text":{"body":"Hey there! I am using PyWa."},"type":"text"}]},"field":"messages"}]}]}`,
			},
		},
		{ // developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
			name: "line",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Line-Signature"},
				Encoding: signature.Base64,
			},
			keys: []string{"8c570fa6dd201bb328f1c1eac23a96d8"},
			request: &request{
				header: headers(
					"x-line-signature", "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=",
				),
				body: `{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}`,
			},
		},
		{ // github.com/twilio/twilio-node, spec/validation.spec.js @ 45d3d65a4ea8
			name: "twilio",
			scheme: signature.Scheme{
				Type: signature.HMAC, Hash: signature.SHA1, Header: signature.Strings{"X-Twilio-Signature"},
				Encoding: signature.Base64,
				Content:  content("{url}{form:sorted}"),
			},
			keys: []string{"12345"},
			request: &request{
				url: "https://mycompany.com/myapp.php?foo=1&bar=2",
				header: headers(
					"Content-Type", "application/x-www-form-urlencoded",
					"X-Twilio-Signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
				),
				form: url.Values{
					"CallSid": {"CA1234567890ABCDE"},
					"Caller":  {"+14158675309"},
					"Digits":  {"1234"},
					"From":    {"+14158675309"},
					"To":      {"+18005551212"},
				},
				body: "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212",
			},
			forge: func(r *request) { r.form.Set("Digits", "1235") },
		},
		{ // github.com/twilio/twilio-node, spec/validation.spec.js
			name: "twilio, JSON",
			scheme: signature.Scheme{
				Type: signature.HMAC, Hash: signature.SHA1, Header: signature.Strings{"X-Twilio-Signature"},
				Encoding: signature.Base64,
				Content:  content("{url}&bodySHA256={body|sha256|hex}"),
			},
			keys: []string{"12345"},
			request: &request{
				url:    "https://mycompany.com/myapp.php?foo=1&bar=2",
				header: headers("X-Twilio-Signature", "a9nBmqA0ju/hNViExpshrM61xv4="),
				body:   `{"property": "value", "boolean": true}`,
			},
		},
		{ // github.com/sendgrid/sendgrid-nodejs, packages/eventwebhook/src/eventwebhook.spec.js @ 498e2329e87d
			name: "sendgrid",
			scheme: signature.Scheme{
				Type: signature.ECDSA, Header: signature.Strings{"X-Twilio-Email-Event-Webhook-Signature"},
				Encoding: signature.Base64, Key: signature.KeyBase64,
				Content:   content("{timestamp}{body}"),
				Timestamp: &signature.Timestamp{From: field("header:X-Twilio-Email-Event-Webhook-Timestamp")},
			},
			keys:       []string{"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="},
			at:         unix(1600112502),
			verifyOnly: true,
			request: &request{
				header: headers(
					"X-Twilio-Email-Event-Webhook-Timestamp", "1600112502",
					"X-Twilio-Email-Event-Webhook-Signature", "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=",
				),
				body: "[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":\"Bounced Address\",\"sg_event_id\":\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\",\"sg_message_id\":\"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":\"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\",\"timestamp\":1600112492}]\r\n",
			},
		},
		{ // github.com/mailgun/mailgun-php, tests/Api/WebhookTest.php @ 5024827b4ba1
			name: "mailgun",
			scheme: signature.Scheme{
				Type: signature.HMAC, JSON: signature.Strings{"signature.signature"},
				Content:   content("{timestamp}{json:signature.token}"),
				Timestamp: &signature.Timestamp{From: field("json:signature.timestamp")},
			},
			keys: []string{"key-3ax6xnjp29jd6fds4gc373sgvjxteol0"},
			at:   unix(1403645220),
			request: &request{
				body: `{"signature":{"timestamp":"1403645220","token":"5egbgr1vjgqxtrnp65xfznchgdccwh5d6i09vijqi3whgowmn6","signature":"9cfc5c41582e51246e73c88d34db3af0a3a2692a76fbab81492842f000256d33"},"event-data":{}}`,
			},
			forge: func(r *request) { r.body = strings.Replace(r.body, `"5egb`, `"6egb`, 1) },
		},
		{ // github.com/evendis/mandrill-rails, spec/fixtures/webhook_examples/click_with_signature.json @ eb89d7c9a57b
			name: "mandrill",
			scheme: signature.Scheme{
				Type: signature.HMAC, Hash: signature.SHA1,
				Header: signature.Strings{"X-Mandrill-Signature"}, Encoding: signature.Base64,
				Content: content("{url}{form:sorted}"),
			},
			keys: []string{"ntynTMaFpM_octE5R1DKAw"},
			request: &request{
				url: "http://requestb.in/q9a918q9",
				header: headers(
					"Content-Type", "application/x-www-form-urlencoded",
					"X-Mandrill-Signature", "7rUa4lNJitlb178MgGOcHO6T4Bg=",
				),
				form: formFixture("mandrill.form"),
			},
			forge: func(r *request) { r.form.Set("mandrill_events", "[]") },
		},
		{ // github.com/Vonage/vonage-python-sdk, http_client/tests/test_auth.py @ b308cb1e9419
			name: "vonage-sms",
			scheme: signature.Scheme{
				Type: signature.HMAC, Query: signature.Strings{"sig"},
				Content:   content("&{query:sorted:=&_}"),
				Timestamp: &signature.Timestamp{From: field("query:timestamp")},
			},
			keys: []string{"signature_secret"},
			at:   unix(1234567890),
			request: &request{
				query: url.Values{
					"param1":    {"value1"},
					"param2":    {"value2"},
					"timestamp": {"1234567890"},
					"sig":       {"280c4320703dbc98bfa22db676655ed2acfbfe8792b062ff7622e67f1183c287"},
				},
			},
			forge: func(r *request) { r.query.Set("param1", "value2") },
		},
		{ // github.com/plivo/plivo-go, utils_test.go @ 273a8369467e
			name: "plivo-v3",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Plivo-Signature-V3"}, Separator: ",",
				Encoding: signature.Base64,
				Content:  content("{url}?{query:sorted:=&}.{form:sorted}.{header:X-Plivo-Signature-V3-Nonce}"),
			},
			keys: []string{"Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4"},
			request: &request{
				url: "https://plivobin.non-prod.plivops.com/api/v1/validate_signature03.xml/",
				header: headers(
					"X-Plivo-Signature-V3-Nonce", "31627761595286130198",
					"X-Plivo-Signature-V3", "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c=",
				),
				form: url.Values{
					"Direction":       {"outbound"},
					"From":            {"19792014278"},
					"ALegUUID":        {"3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"},
					"CallStatus":      {"in-progress"},
					"BillRate":        {"0.002"},
					"ParentAuthID":    {"MANWVLYTK4ZWU1YTY4QA"},
					"To":              {"sip:PlivoSignature382029104058171078704104@phone-qa.voice.plivodev.com"},
					"ALegRequestUUID": {"3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"},
					"CallUUID":        {"3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"},
					"RequestUUID":     {"3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"},
					"SIP-H-To":        {"<sip:PlivoSignature382029104058171078704104@52.9.11.55;transport=udp>;tag=1"},
					"SessionStart":    {"2020-04-08 11:34:33.238707"},
					"Event":           {"StartApp"},
				},
				query: url.Values{
					"a": {"b"},
					"c": {"d"},
				},
			},
			forge: func(r *request) { r.query.Set("a", "c") },
		},
		{ // github.com/plivo/plivo-go, utils_test.go @ 273a8369467e
			name: "plivo-v2",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Plivo-Signature-V2"},
				Encoding: signature.Base64,
				Content:  content("{url}{header:X-Plivo-Signature-V2-Nonce}"),
			},
			keys: []string{"my_auth_token"},
			request: &request{
				url: "https://answer.url",
				header: headers(
					"X-Plivo-Signature-V2-Nonce", "12345",
					"X-Plivo-Signature-V2", "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc=",
				),
			},
			forge: func(r *request) { r.header.Set("X-Plivo-Signature-V2-Nonce", "12346") },
		},
		{ // github.com/sinch/sinch-sdk-node, packages/sdk-client/tests/utils/authorization.helper.test.ts @ affb35e51649
			name: "sinch-conversation",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Sinch-Webhook-Signature"},
				Encoding:  signature.Base64,
				Content:   content("{body}.{header:X-Sinch-Webhook-Signature-Nonce}.{timestamp}"),
				Timestamp: &signature.Timestamp{From: field("header:X-Sinch-Webhook-Signature-Timestamp")},
			},
			keys: []string{"foo_secret1234"},
			at:   unix(1634579353),
			request: &request{
				header: headers(
					"x-sinch-webhook-signature", "6bpJoRmFoXVjfJIVglMoJzYXxnoxRujzR4k2GOXewOE=",
					"x-sinch-webhook-signature-algorithm", "HmacSHA256",
					"x-sinch-webhook-signature-nonce", "01FJA8B4A7BM43YGWSG9GBV067",
					"x-sinch-webhook-signature-timestamp", "1634579353",
				),
				body: `{"app_id":"","accepted_time":"2021-10-18T17:49:13.813615Z","project_id":"e2df3a34-a71b-4448-9db5-a8d2baad28e4","contact_create_notification":{"contact":{"id":"01FJA8B466Y0R2GNXD78MD9SM1","channel_identities":[{"channel":"SMS","identity":"48123456789","app_id":""}],"display_name":"New Test Contact","email":"new.contact@email.com","external_id":"","metadata":"","language":"EN_US"}},"message_metadata":""}`,
			},
		},
		{ // github.com/sinch/sinch-sdk-node, packages/sdk-client/tests/utils/authorization.helper.test.ts @ affb35e51649
			name: "sinch-application",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"Authorization"}, Prefix: "Application ",
				Assign: ":", Encoding: signature.Base64, Key: signature.KeyBase64URL,
				Content:   content("{method}\n{body?|md5|base64}\n{header:Content-Type}\nx-timestamp:{timestamp}\n{path}"),
				Timestamp: &signature.Timestamp{From: field("header:X-Timestamp"), Unit: signature.RFC3339},
			},
			keys:       []string{"app-secret"},
			at:         unix(1705655968),
			verifyOnly: true,
			request: &request{
				method: "POST",
				path:   "/webhook",
				header: headers(
					"Content-Type", "application/json; charset=utf-8",
					"x-timestamp", "2024-01-19T09:19:28.9372196Z",
					"Authorization", "Application app-key:p7hUz20oz16Fhfogs4Z0X+VA/Nhuu505I1alXYqwlKw=",
				),
				body: `{"id":"018d2104-aaa-bbbb-1234","price":{"amount":0.0308},"rate":{"amount":0.0}}`,
			},
		},
		{ // github.com/box/box-node-sdk, tests/lib/managers/webhooks-test.js @ 7dcf9c2bfc44
			name: "box",
			scheme: signature.Scheme{
				Type:      signature.HMAC,
				Header:    signature.Strings{"Box-Signature-Primary", "Box-Signature-Secondary"},
				Encoding:  signature.Base64,
				Content:   content("{body}{timestamp}"),
				Timestamp: &signature.Timestamp{From: field("header:Box-Delivery-Timestamp"), Unit: signature.RFC3339},
			},
			keys:       []string{"SamplePrimaryKey", "SampleSecondaryKey"},
			at:         unix(1577862000),
			verifyOnly: true,
			request: &request{
				header: headers(
					"BOX-DELIVERY-TIMESTAMP", "2020-01-01T00:00:00-07:00",
					"BOX-SIGNATURE-ALGORITHM", "HmacSHA256",
					"BOX-SIGNATURE-VERSION", "1",
					"BOX-SIGNATURE-PRIMARY", "6TfeAW3A1PASkgboxxA5yqHNKOwFyMWuEXny/FPD5hI=",
					"BOX-SIGNATURE-SECONDARY", "v+1CD1Jdo3muIcbpv5lxxgPglOqMfsNHPV899xWYydo=",
				),
				body: `{"type":"webhook_event","webhook":{"id":"1234567890"},"trigger":"FILE.UPLOADED","source":{"id":"1234567890","type":"file","name":"Test.txt"}}`,
			},
		},
		{ // github.com/hellosign/hellosign-openapi, test_fixtures/EventCallbackHelper_AccountCallbacks.json, key in sdks/node/tests/model/eventCallbackHelper.test.ts @ ad21451f222d
			name: "dropbox-sign",
			scheme: signature.Scheme{
				Type: signature.HMAC, JSON: signature.Strings{"event.event_hash"},
				Content:   content("{timestamp}{json:event.event_type}"),
				Timestamp: &signature.Timestamp{From: field("json:event.event_time")},
			},
			keys: []string{"324e3b0840f065eb51f3fd63231d0d33daa35d4ed10d27718839e81737065782"},
			at:   unix(1348177752),
			request: &request{
				document: `{"account_guid":"63522885f9261e2b04eea043933ee7313eb674fd","event":{"event_time":"1348177752","event_type":"account_confirmed","event_hash":"6dc5b7aad93cf54915e0089d6c31d61b3833f66f51459171c69f8fa211308848","event_metadata":{"related_signature_id":"ad4d8a769b555fa5ef38691465d426682bf2c992","reported_for_account_id":"63522885f9261e2b04eea043933ee7313eb674fd"}}}`,
			},
			forge: func(r *request) { r.document = strings.Replace(r.document, "account_confirmed", "account_deleted", 1) },
		},
		{ // circleci.com/docs/outbound-webhooks/#validate-webhooks
			name: "circleci",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"Circleci-Signature"}, Separator: ",",
				Assign: "=", Item: signature.Strings{"v1"},
			},
			keys: []string{"secret"},
			request: &request{
				header: headers(
					"circleci-signature", "v1=734cc62f32841568f45715aeb9f4d7891324e6d948e4c6c60c0621cdac48623a",
				),
				body: "hello world",
			},
		},
		{ // github.com/PagerDuty/go-pagerduty, webhookv3/webhookv3_test.go @ d34fb98c0985
			name: "pagerduty",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Pagerduty-Signature"}, Separator: ",",
				Assign: "=", Item: signature.Strings{"v1"},
			},
			keys: []string{"lDQHScfUeXUKaQRNF+8XIiDKZ7XX3itBAYzwU0TARw8lJqRnkKl2iB1anSb0Z+IK"},
			request: &request{
				header: headers(
					"X-PagerDuty-Signature", "v1=0c0b9495b893a39e70d1fea2fe11fbe0a825f88b9f67846f6cc07dd2bc5476cd",
				),
				body: fixture("pagerduty.json"),
			},
		},
		{ // github.com/svix/svix-webhooks, go/webhook_test.go @ 4fc0cfb8b426
			name:   "svix v1",
			scheme: with(standardV1, svixHeaders),
			keys:   []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
			at:     unix(1614265330),
			request: &request{
				header: headers(
					"svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek",
					"svix-timestamp", "1614265330",
					"svix-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
				),
				body: `{"test": 2432232314}`,
			},
		},
		{ // github.com/standard-webhooks/standard-webhooks, libraries/go/webhook_test.go @ b2fa7b8719fb
			name:   "standard-webhooks",
			scheme: standardV1,
			keys:   []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
			at:     unix(1614265330),
			request: &request{
				header: headers(
					"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek",
					"webhook-timestamp", "1614265330",
					"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
				),
				body: `{"test": 2432232314}`,
			},
		},
		{ // Zendesk, verifying webhooks
			name: "zendesk, an older page",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Zendesk-Webhook-Signature"},
				Encoding:  signature.Base64,
				Content:   content("{body}{timestamp}"),
				Timestamp: &signature.Timestamp{From: field("header:X-Zendesk-Webhook-Signature-Timestamp"), Unit: signature.RFC3339},
			},
			keys: []string{"HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA="},
			at:   unix(1627207200),
			request: &request{
				header: headers(
					"X-Zendesk-Webhook-Signature", "tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw=",
					"X-Zendesk-Webhook-Signature-Timestamp", "2021-07-25T10:00:00Z",
				),
				body: `{"say": "hello"}`,
			},
		},
		{ // onfido/onfido-node test/classic-webhook-event-verifier.test.ts
			name:   "onfido",
			scheme: signature.Scheme{Type: signature.HMAC, Header: signature.Strings{"X-Sha2-Signature"}},
			keys:   []string{"_ABC123abc123ABC123abc123ABC123_"},
			request: &request{
				header: headers(
					"X-SHA2-Signature", "a0082d7481f9f0a2907583dbe1f344d6d4c0d9989df2fd804f98479f60cd760e",
				),
				body: `{"payload":{"resource_type":"check","action":"check.completed","object":{"id":"check-123","status":"complete","completed_at_iso8601":"2020-01-01T00:00:00Z","href":"https://api.onfido.com/v3/checks/check-123"}}}`,
			},
		},
		{ // gocardless/gocardless-nodejs src/webhooks.test.ts
			name:   "gocardless",
			scheme: signature.Scheme{Type: signature.HMAC, Header: signature.Strings{"Webhook-Signature"}},
			keys:   []string{"ED7D658C-D8EB-4941-948B-3973214F2D49"},
			request: &request{
				header: headers(
					"Webhook-Signature", "2693754819d3e32d7e8fcb13c729631f316c6de8dc1cf634d6527f1c07276e7e",
				),
				body: `{"events":[{"id":"EV00BD05S5VM2T","created_at":"2018-07-05T09:13:51.404Z","resource_type":"subscriptions","action":"created","links":{"subscription":"SB0003JJQ2MR06"},"details":{"origin":"api","cause":"subscription_created","description":"Subscription created via the API."},"metadata":{}},{"id":"EV00BD05TB8K63","created_at":"2018-07-05T09:13:56.893Z","resource_type":"mandates","action":"created","links":{"mandate":"MD000AMA19XGEC"},"details":{"origin":"api","cause":"mandate_created","description":"Mandate created via the API."},"metadata":{}}]}`,
			},
		},
		{ // transferwise/digital-signatures-examples verify-webhook-signature/verify-signature.rb
			name: "wise",
			scheme: signature.Scheme{
				Type: signature.RSA, Header: signature.Strings{"X-Signature-Sha256"},
				Encoding: signature.Base64,
			},
			keys:       []string{"-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwpb91cEYuyJNQepZAVfP\nZIlPZfNUefH+n6w9SW3fykqKu938cR7WadQv87oF2VuT+fDt7kqeRziTmPSUhqPU\nys/V2Q1rlfJuXbE+Gga37t7zwd0egQ+KyOEHQOpcTwKmtZ81ieGHynAQzsn1We3j\nwt760MsCPJ7GMT141ByQM+yW1Bx+4SG3IGjXWyqOWrcXsxAvIXkpUD/jK/L958Cg\nnZEgz0BSEh0QxYLITnW1lLokSx/dTianWPFEhMC9BgijempgNXHNfcVirg1lPSyg\nz7KqoKUN0oHqWLr2U1A+7kqrl6O2nx3CKs1bj1hToT1+p4kcMoHXA7kA+VBLUpEs\nVwIDAQAB\n-----END PUBLIC KEY-----\n"},
			verifyOnly: true,
			request: &request{
				header: headers(
					"X-Signature-SHA256", "wKcKCYXAzxNgiu7xmoDm943NUni7Rz33QN8JkEA9dWSGebgndonabgSj18Y4C08OrwVmueGsED2s00M7DtJVcYKOS1i3G4TMVx+mgM3aL9djMBkQtiYNBFUd6wrPI7ZUNHv/TrlKSjTMc+6JFvUvJ7owY3z85e3I4jLRLJowMFvO8kvCJ60+1pY9wDwZvtZ//WS93LrwGjk9Dvwzpmu0w+P4J75tETT5qC3Uv0y5G2yO8SEoO3yNP/tg/BOli02niHb53vEOUWUb9bly6thnfMoXoiV/osoGxgF20R58RlvkAmezyyl1Sv542TfS2DpiwVnmjjjkCyXeSUcKookYLQ==",
				),
				body: `{"data":{"resource":{"id":49983981,"profile_id":16055450,"account_id":14124090,"type":"transfer"},"current_state":"incoming_payment_waiting","previous_state":null,"occurred_at":"2021-08-23T10:12:50Z"},"subscription_id":"90aa8e14-4ef1-4a56-861c-f3c9cde097ea","event_type":"transfers#state-change","schema_version":"2.0.0","sent_at":"2021-08-23T10:12:50Z"}`,
			},
		},
		{ // Modern-Treasury/modern-treasury-python tests/api_resources/test_webhooks.py
			name:   "modern-treasury",
			scheme: signature.Scheme{Type: signature.HMAC, Header: signature.Strings{"X-Signature"}},
			keys:   []string{"foo"},
			request: &request{
				header: headers(
					"X-Signature", "ec1c86d16075e6937fc26d55b7dc60bac9b1178a2f714312f7c5cb13a319b0ac",
				),
				body: `{"foo":"bar","bar":"baz","a": true}`,
			},
		},
		{ // EasyPost/examples official/fixtures/event-body.json
			name: "easypost",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Hmac-Signature"},
				Prefix: "hmac-sha256-hex=",
			},
			keys: []string{"se\u0301cret"},
			request: &request{
				header: headers(
					"X-Hmac-Signature", "hmac-sha256-hex=38f3f53c103713df81616a0a186d77141957323ec21d5fe9363db93840f527db",
				),
				body: fixture("easypost.json"),
			},
		},
		{ // sanity-io/webhook-toolkit test/signature.test.ts
			name: "sanity",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"Sanity-Webhook-Signature"},
				Separator: ", ", Assign: "=", Item: signature.Strings{"v1"}, Encoding: signature.Base64URL,
				Content:   content("{timestamp}.{body}"),
				Timestamp: &signature.Timestamp{Item: "t", Unit: signature.Milliseconds},
			},
			keys:       []string{"test"},
			at:         unix(1633519811),
			verifyOnly: true,
			request: &request{
				header: headers(
					"sanity-webhook-signature", "t=1633519811129,v1=tLa470fx7qkLLEcMOcEUFuBbRSkGujyskxrNXcoh0N0",
				),
				body: `{"_id":"resume"}`,
			},
		},
		{ // RetellAI/retell-typescript-sdk tests/webhook-auth.test.ts
			name: "retell-ai",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Retell-Signature"}, Separator: ",",
				Assign: "=", Item: signature.Strings{"d"},
				Content:   content("{body}{timestamp}"),
				Timestamp: &signature.Timestamp{Item: "v", Unit: signature.Milliseconds},
			},
			keys: []string{"test-api-key"},
			at:   unix(1700000000),
			request: &request{
				header: headers(
					"x-retell-signature", "v=1700000000000,d=07024cabe7dd8f6d1c6e4a8324ca92c812e6ad4a7ee506c04f7e462e3321823e",
				),
				body: `{"event":"call_ended"}`,
			},
		},
		{ // cloudinary/cloudinary_npm test/utils/utils_spec.js 'should return true when signature with algorithm SHA256 is valid'
			name: "cloudinary-notifications",
			scheme: signature.Scheme{
				Type: signature.Digest, Header: signature.Strings{"X-Cld-Signature"},
				Content:   content("{body}{timestamp}{secret}"),
				Timestamp: &signature.Timestamp{From: field("header:X-Cld-Timestamp")},
			},
			keys: []string{"hardcoded"},
			at:   unix(7952342400000),
			request: &request{
				header: headers(
					"X-Cld-Timestamp", "7952342400000",
					"X-Cld-Signature", "6c5a29fd8815772fbac2f10ae741e093d0859313947ef8fadeb29126ded6649c",
				),
				body: `{"public_id":"b8sjhoslj8cq8ovoa0ma","version":"1555337587","width":1000,"height":800}`,
			},
		},
		{ // svix/svix-docs content/receiving/verifying-payloads/how-manual.mdx 'Example signatures'
			name:   "svix v1, the documented example",
			scheme: with(standardV1, svixHeaders),
			keys:   []string{"whsec_plJ3nmyCDGBKInavdOK15jsl"},
			at:     unix(1731705121),
			request: &request{
				header: headers(
					"svix-id", "msg_loFOjxBNrRLzqYUf",
					"svix-timestamp", "1731705121",
					"svix-signature", "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
				),
				body: `{"event_type":"ping","data":{"success":true}}`,
			},
		},
		{ // svix/svix-webhooks server/svix-server/src/worker.rs test_asymmetric_key_signing; key pair in README.md
			name:    "standard-webhooks v1a",
			scheme:  standardV1a,
			keys:    []string{"whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="},
			private: "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
			at:      unix(1614265330),
			request: &request{
				header: headers(
					"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek",
					"webhook-timestamp", "1614265330",
					"webhook-signature", "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
				),
				body: `{"test": 2432232314}`,
			},
		},
		{ // frain-dev/convoy pkg/signature/testdata/signature-vectors.json
			name:   "convoy, simple",
			scheme: signature.Scheme{Type: signature.HMAC, Header: signature.Strings{"X-Convoy-Signature"}},
			keys:   []string{"convoy-webhook-secret"},
			request: &request{
				header: headers(
					"X-Convoy-Signature", "244449b7f48cbc2709060c9dcdc2b3aa47a78f540430579015c579fb12defbb4",
				),
				body: `{"event":"charge.success","amount":1000,"currency":"NGN"}`,
			},
		},
		{ // frain-dev/convoy pkg/signature/testdata/signature-vectors.json
			name: "convoy, simple, sha512 in base64",
			scheme: signature.Scheme{
				Type: signature.HMAC, Hash: signature.SHA512,
				Header: signature.Strings{"X-Convoy-Signature"}, Encoding: signature.Base64,
			},
			keys: []string{"convoy-webhook-secret"},
			request: &request{
				header: headers(
					"X-Convoy-Signature", "bMdy3IGUKuG1/6kcOmoHsNN+3I3GvYPjUYohnx8Z/3GuG3bWsyCUDUFMI2oarX95MLY+DxkolRlV0xIZVF4bZg==",
				),
				body: `{"event":"charge.success","amount":1000,"currency":"NGN"}`,
			},
		},
		{ // frain-dev/convoy pkg/signature/testdata/signature-vectors.json advanced_sha256_hex_valid
			name: "convoy, advanced",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"X-Convoy-Signature"}, Separator: ",",
				Assign: "=", Item: signature.Strings{"v1"},
				Content:   content("{timestamp},{body}"),
				Timestamp: &signature.Timestamp{Item: "t"},
			},
			keys: []string{"convoy-webhook-secret"},
			at:   unix(1700000000),
			request: &request{
				header: headers(
					"X-Convoy-Signature", "t=1700000000,v1=77b8b9269f25a199846a55a2bd25b3fba151c70fdae60bb1dcd87fbbc943c55c",
				),
				body: `{"event":"charge.success","amount":1000,"currency":"NGN"}`,
			},
		},
		{ // SmartRecruiters webhooks-api OpenAPI description of POST /subscriptions/{id}/secret-key
			name: "smartrecruiters",
			scheme: signature.Scheme{
				Type: signature.HMAC, Header: signature.Strings{"Smartrecruiters-Signature"},
				Separator: ";", Assign: "=", Item: signature.Strings{"v1"},
				Content:   content("{timestamp}.{body}.{header:Event-Id?}.{header:Event-Name?}.{header:Event-Version?}.{header:Link?}"),
				Timestamp: &signature.Timestamp{From: field("header:Smartrecruiters-Timestamp")},
			},
			keys: []string{"HeBVky2bccvvkcXPimH8c"},
			at:   unix(1574080897),
			request: &request{
				header: headers(
					"smartrecruiters-signature", "v1=2e9291f10d44ca10204a4cd81b05d73b6a316b2b605d4e2e0e0b37b40198ce1f",
					"smartrecruiters-timestamp", "1574080897",
					"event-id", "123",
					"event-name", "application.created",
					"event-version", "v201910",
					"link", "<http://smartrecruiters.com/endpoint>; rel=self",
				),
				body: `{"job_id":"jid","candidate_id":"cid"}`,
			},
		},
	}
}
