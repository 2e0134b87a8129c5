"""One module per neighbour. They match a room's ports by shape and import no room."""
