// SPDX-License-Identifier: MIT
//
// Lets BlueZ's btvirt run on kernels without AF_ALG sockets (LD_PRELOAD). btvirt asks the kernel
// for AES that way, and without it drops each connection at once.
//
// Such a socket is made by socket, bind (which names the algorithm) and setsockopt (which sets the
// key). accept gives a second socket: what is sent to it is encrypted, and the result is read from
// it. Here each of them is one end of a socket pair, so that read and poll work as they are; this
// file answers at the other end. The two algorithms that btvirt uses are known: ecb(aes) for whole
// blocks, and cmac(aes). One message is encrypted per send; nothing here is safe for threads.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/if_alg.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum algorithm { ecb_aes, cmac_aes };
enum { key_size = 16, max_message = 4096, max_sockets = 1024 };

struct alg_socket {
    bool in_use;
    int other_end;
    enum algorithm algorithm;
    unsigned char key[key_size];
};

static struct alg_socket sockets[max_sockets];  // by file descriptor

// The C library's function of that name, which ours hides.
#define LIBC(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static struct alg_socket* find(int fd) {
    if (fd < 0 || fd >= max_sockets || !sockets[fd].in_use) return NULL;
    return &sockets[fd];
}

static int open_socket(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    if (ends[0] >= max_sockets) {
        LIBC(close)(ends[0]);
        LIBC(close)(ends[1]);
        errno = EMFILE;
        return -1;
    }
    sockets[ends[0]] = (struct alg_socket){.in_use = true, .other_end = ends[1]};
    return ends[0];
}

// Both return the size of the result, 0 after a failure.
static size_t encrypt_blocks(const unsigned char* key, const void* message, size_t size,
                             unsigned char* result) {
    int written = 0;
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    const bool done = context != NULL &&
                      EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), NULL, key, NULL) == 1 &&
                      EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
                      EVP_EncryptUpdate(context, result, &written, message, (int)size) == 1;
    EVP_CIPHER_CTX_free(context);
    return done ? (size_t)written : 0;
}

static size_t authenticate(const unsigned char* key, const void* message, size_t size,
                           unsigned char* result) {
    size_t written = 0;
    EVP_MAC* mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, (char*)"AES-128-CBC", 0),
        OSSL_PARAM_construct_end(),
    };
    const bool done = context != NULL && EVP_MAC_init(context, key, key_size, parameters) == 1 &&
                      EVP_MAC_update(context, message, size) == 1 &&
                      EVP_MAC_final(context, result, &written, max_message) == 1;
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    return done ? written : 0;
}

static ssize_t answer(const struct alg_socket* alg, const void* message, size_t size) {
    unsigned char result[max_message];
    if (size > max_message) {
        errno = EMSGSIZE;
        return -1;
    }
    const size_t written = alg->algorithm == cmac_aes
                               ? authenticate(alg->key, message, size, result)
                               : encrypt_blocks(alg->key, message, size, result);
    if (written == 0 || LIBC(send)(alg->other_end, result, written, MSG_NOSIGNAL) < 0) {
        errno = EINVAL;
        return -1;
    }
    return (ssize_t)size;
}

int socket(int domain, int type, int protocol) {
    return domain == AF_ALG ? open_socket() : LIBC(socket)(domain, type, protocol);
}

int bind(int fd, const struct sockaddr* address, socklen_t size) {
    struct alg_socket* const alg = find(fd);
    if (alg == NULL) return LIBC(bind)(fd, address, size);
    const struct sockaddr_alg* const name = (const struct sockaddr_alg*)address;
    alg->algorithm = strcmp((const char*)name->salg_name, "cmac(aes)") == 0 ? cmac_aes : ecb_aes;
    return 0;
}

int setsockopt(int fd, int level, int option, const void* value, socklen_t size) {
    struct alg_socket* const alg = find(fd);
    if (alg == NULL) return LIBC(setsockopt)(fd, level, option, value, size);
    if (level != SOL_ALG || option != ALG_SET_KEY || size != key_size) {
        errno = EINVAL;
        return -1;
    }
    memcpy(alg->key, value, key_size);
    return 0;
}

int accept(int fd, struct sockaddr* address, socklen_t* size) {
    const struct alg_socket* const alg = find(fd);
    if (alg == NULL) return LIBC(accept)(fd, address, size);
    const int accepted = open_socket();
    if (accepted < 0) return -1;
    sockets[accepted].algorithm = alg->algorithm;
    memcpy(sockets[accepted].key, alg->key, key_size);
    return accepted;
}

ssize_t send(int fd, const void* message, size_t size, int flags) {
    const struct alg_socket* const alg = find(fd);
    return alg == NULL ? LIBC(send)(fd, message, size, flags) : answer(alg, message, size);
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
    const struct alg_socket* const alg = find(fd);
    if (alg == NULL) return LIBC(sendmsg)(fd, message, flags);
    if (message->msg_iovlen != 1) {
        errno = EINVAL;
        return -1;
    }
    return answer(alg, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
}

int close(int fd) {
    struct alg_socket* const alg = find(fd);
    if (alg != NULL) {
        alg->in_use = false;
        LIBC(close)(alg->other_end);
    }
    return LIBC(close)(fd);
}
