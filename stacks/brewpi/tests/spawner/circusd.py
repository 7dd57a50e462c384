"""A circusd that only writes down what it is asked: a line of JSON a message, the port first."""
import json
import zmq

socket = zmq.Context().socket(zmq.ROUTER)
print(socket.bind_to_random_port("tcp://127.0.0.1"), flush=True)
watchers = []
while True:
    *way, text = socket.recv_multipart()
    message = json.loads(text)
    print(json.dumps(message), flush=True)
    answer = {"status": "ok", "time": 0.0, "id": message["id"]}
    name = message["properties"].get("name")
    if message["command"] == "list":
        answer["watchers"] = watchers
    elif message["command"] == "add":
        watchers.append(name)
    elif message["command"] == "rm":
        watchers.remove(name)
    socket.send_multipart([*way, json.dumps(answer).encode()])
