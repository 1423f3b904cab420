package sender

// line is a list whose members hold their own places in it, so that to move one
// costs nothing. A member is in one line at a time.
type line[T any] struct {
	first, last *T
	length      int
	placeOf     func(*T) *inLine[T]
}

// inLine is a member's place in a line, zero while it is in none.
type inLine[T any] struct {
	line           *line[T]
	previous, next *T
}

func (l *line[T]) push(x *T) {
	place := l.placeOf(x)
	place.line, place.previous = l, l.last
	if l.last == nil {
		l.first = x
	} else {
		l.placeOf(l.last).next = x
	}
	l.last = x
	l.length++
}

func (l *line[T]) remove(x *T) {
	place := l.placeOf(x)
	if place.previous == nil {
		l.first = place.next
	} else {
		l.placeOf(place.previous).next = place.next
	}
	if place.next == nil {
		l.last = place.previous
	} else {
		l.placeOf(place.next).previous = place.previous
	}
	*place = inLine[T]{}
	l.length--
}
